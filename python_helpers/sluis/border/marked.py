"""``Annotated`` for Python 3.8: a type for the reader and mypy, with its shape for us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Tuple, Union

if TYPE_CHECKING:
    from typing import Annotated
else:

    class Annotated:
        """A type and its shape or bound, written ``Annotated[type, shape]``."""

        def __init__(self, kind: Any, mark: Any) -> None:
            self.kind = kind
            self.mark = mark

        def __class_getitem__(cls, given: Tuple[Any, Any]) -> Annotated:
            return cls(*given)

        def __or__(self, other: Any) -> Any:
            """``Annotated[...] | None``, which the controller's own messages may write."""
            return Union[self, other]

        def __call__(self) -> None:
            """Never called: typing on Python 3.8 takes nothing that cannot be."""


__all__ = ["Annotated"]
