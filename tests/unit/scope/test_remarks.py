"""What an engineer is told of a scope that holds."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from sluis.scope.remarks import remarks
from sluis.scope.text import scope_text
from support.scopes import DAY, make_scope


def test_case_B8_personal_data_without_an_agreement_is_said_with_the_line_to_write() -> None:
    (said,) = remarks(make_scope(), DAY)
    assert said.startswith("letters: it holds personal data")
    assert "processing_agreement: <its reference>" in said
    assert "no processing agreement with you" in " ".join(scope_text(make_scope(), "en").split())
    agreed = {"assets.1.processing_agreement": "PA-1"}
    assert remarks(make_scope(agreed), DAY) == ()
    assert remarks(make_scope({"assets.1.data_class": "ordinary"}), DAY) == ()


def test_case_B8_special_data_without_an_agreement_is_refused() -> None:
    with pytest.raises(ValidationError, match="no processing agreement"):
        make_scope({"assets.1.data_class": "special"})
