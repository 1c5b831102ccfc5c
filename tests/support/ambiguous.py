"""Whether a regular expression can take a long time on a text that somebody chose.

Python looks for a match by trying: where a text can be matched in two ways, and the rest then does
not match, it tries both. Two ways within a repeat double the time with each character; two repeats
one after another that take the same characters give its square, and so does a repeat that a search
begins again at each place. ``growth`` follows from the expression's tree which of these it can
come to, by the known tests on an automaton: a state that reaches itself in two ways over the same
text, and two states in a row that both stay where they are over the same text.

It is careful in one direction: what it calls fit is fit. What depends on a look ahead or behind
may be called unfit though it is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

_C: Any = re._constants  # type: ignore[attr-defined]
_PARSER: Any = re._parser  # type: ignore[attr-defined]

#: How an expression is used. A search begins again at each place, a full match must reach the end.
Use = Literal["match", "search", "fullmatch"]
Growth = Literal["exponential", "polynomial"]
#: a repeat of at most so many is no repeat without end where the cost is a power of it
_FEW = 2000
#: so many copies are written out
_COPIES = 6

_CATEGORIES = {
    _C.CATEGORY_DIGIT: r"\d", _C.CATEGORY_NOT_DIGIT: r"\D", _C.CATEGORY_SPACE: r"\s",
    _C.CATEGORY_NOT_SPACE: r"\S", _C.CATEGORY_WORD: r"\w", _C.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip


def growth(pattern: re.Pattern[Any], use: Use) -> Growth | None:
    """How the time can grow with the text: by nothing worse than its length is ``None``."""
    tree = _PARSER.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    if use != "search" and not _repeats(tree):
        return None
    bytes_ = isinstance(pattern.pattern, bytes)
    if any(_Automaton(part, one, bytes_, few=False).doubles() for part, one in _parts(tree, use)):
        return "exponential"
    if any(_Automaton(part, one, bytes_, few=True).repeats() for part, one in _parts(tree, use)):
        return "polynomial"
    return None


def _parts(tree: Any, use: Use) -> Iterator[tuple[Any, Use]]:
    """The expression, and what is decided on its own within it: look-arounds, what is atomic."""
    yield tree, use
    for part in _within(tree):
        yield part, "match"


def _repeats(items: Any) -> bool:
    return any(
        (op in (_C.MAX_REPEAT, _C.MIN_REPEAT, _C.POSSESSIVE_REPEAT) and value[1] > 1)
        or op is _C.GROUPREF
        or any(map(_repeats, _inner(op, value)))
        for op, value in items
    )


def _within(items: Iterable[Any]) -> Iterator[Any]:
    for op, value in _with_atomic(items):
        if op in (_C.ASSERT, _C.ASSERT_NOT):
            yield value[1]
        elif op is _C.ATOMIC_GROUP:
            yield value
        elif op is _C.POSSESSIVE_REPEAT:
            yield value[2]
        for inner in _inner(op, value):
            yield from _within(inner)


def _with_atomic(items: Any) -> list[Any]:
    """The parts of a sequence, with ``(?=(?P<n>...))(?P=n)`` as the atomic group that it is."""
    found: list[Any] = []
    for op, value in items:
        if op is _C.GROUPREF and found and found[-1][0] is _C.ASSERT:
            way, inner = found[-1][1]
            group = len(inner) == 1 and inner[0][0] is _C.SUBPATTERN and inner[0][1][0]
            if way > 0 and group == value:
                found[-1] = (_C.ATOMIC_GROUP, inner)
                continue
        found.append((op, value))
    return found


def _inner(op: Any, value: Any) -> list[Any]:
    if op in (_C.ASSERT, _C.ASSERT_NOT):
        return [value[1]]
    if op is _C.ATOMIC_GROUP:
        return [value]
    if op in (_C.MAX_REPEAT, _C.MIN_REPEAT, _C.POSSESSIVE_REPEAT):
        return [value[2]]
    if op is _C.SUBPATTERN:
        return [value[3]]
    if op is _C.BRANCH:
        return list(value[1])
    if op is _C.GROUPREF_EXISTS:
        return [part for part in value[1:] if part is not None]
    return []


@dataclass
class _State:
    """A place in the expression. One that takes a character has ``takes``."""

    takes: int | None = None
    #: the outermost atomic part that it is in
    atomic: int | None = None
    next: list[int] = field(default_factory=list)
    #: it only lets pass what is followed or preceded by something
    guarded: bool = False
    #: of one character before, and of one behind: which it may be
    before: int = -1
    behind: int = -1


@dataclass(frozen=True)
class _Edge:
    """A way from one character to the next."""

    to: int
    #: what was chosen on the way; nothing that is chosen within an atomic part is tried again
    trace: tuple[int, ...]
    stays: bool
    #: which characters may have been read last, and which may be read next
    before: int
    behind: int


class _Automaton:
    """An expression as states and the ways between them."""

    def __init__(self, tree: Any, use: Use, bytes_: bool, *, few: bool) -> None:
        self._states: list[_State] = []
        self._flags = int(tree.state.flags)
        self._few = few
        self._bytes = bytes_
        self._alphabet = sorted(_alphabet(tree, bytes_))
        self._places = {one: at for at, one in enumerate(self._alphabet)}
        self._all = (1 << len(self._alphabet)) - 1
        self._sets: dict[tuple[str, str, int], int] = {}
        self._inside: int | None = None
        self._end = self._new()
        last = self._end
        if use == "fullmatch":
            last = self._new(next=[self._end], guarded=True)
        start = self._sequence(tree, last, self._flags)
        if use == "search":
            every = self._new(takes=self._all)
            again = self._new(next=[start, every])
            self._states[every].next.append(again)
            start = again
        self._start = self._new(takes=0, next=[start])

    def _new(self, **given: Any) -> int:
        self._states.append(_State(atomic=self._inside, **given))
        return len(self._states) - 1

    # building, from the end to the start

    def _sequence(self, items: Any, to: int, flags: int) -> int:
        for op, value in reversed(_with_atomic(items)):
            to = self._item(op, value, to, flags)
        return to

    def _item(self, op: Any, value: Any, to: int, flags: int) -> int:
        if op in (_C.LITERAL, _C.NOT_LITERAL, _C.ANY, _C.IN):
            return self._new(takes=self._set(op, value, flags), next=[to])
        if op is _C.AT:
            return self._at(value, to, flags)
        if op is _C.SUBPATTERN:
            _group, add, remove, inner = value
            return self._sequence(inner, to, (flags | add) & ~remove)
        if op is _C.BRANCH:
            return self._new(next=[self._sequence(one, to, flags) for one in value[1]])
        if op in (_C.MAX_REPEAT, _C.MIN_REPEAT):
            return self._repeat(*value, to=to, flags=flags)
        if op is _C.POSSESSIVE_REPEAT:
            return self._atomic(lambda end: self._repeat(*value, to=end, flags=flags), to)
        if op is _C.ATOMIC_GROUP:
            return self._atomic(lambda end: self._sequence(value, end, flags), to)
        if op in (_C.ASSERT, _C.ASSERT_NOT):
            return self._look(op, *value, to=to, flags=flags)
        if op is _C.GROUPREF:  # it may be any text
            return self._repeat(0, _C.MAXREPEAT, [(_C.ANY, None)], to=to, flags=re.DOTALL.value)
        if op is _C.GROUPREF_EXISTS:
            ways = [self._sequence(one or [], to, flags) for one in value[1:]]
            return self._new(next=ways, guarded=True)
        if op is _C.FAILURE:
            return self._new(guarded=True)
        raise AssertionError(f"an operation that is not known here: {op}")

    def _at(self, value: Any, to: int, flags: int) -> int:
        newline = self._set(_C.LITERAL, 10, 0)
        word = self._set(_C.IN, [(_C.CATEGORY, _C.CATEGORY_WORD)], flags)
        if value in (_C.AT_BEGINNING, _C.AT_BEGINNING_STRING):
            lines = value is _C.AT_BEGINNING and flags & re.MULTILINE.value
            return self._new(next=[to], guarded=True, before=newline if lines else 0)
        if value in (_C.AT_END, _C.AT_END_STRING):
            behind = newline if value is _C.AT_END else 0
            return self._new(next=[to], guarded=True, behind=behind)
        if value is _C.AT_BOUNDARY:
            ways = [(word, ~word), (~word, word)]
        else:
            ways = [(word, word), (~word, ~word)]
        return self._new(
            next=[self._new(next=[to], guarded=True, before=a, behind=b) for a, b in ways]
        )

    def _look(self, op: Any, way: int, inner: Any, *, to: int, flags: int) -> int:
        """A look ahead or behind. What is looked for there is read, and nothing comes of it."""
        mask, whole = -1, len(inner) == 1
        plain = [one for one in inner if one[0] in (_C.LITERAL, _C.NOT_LITERAL, _C.ANY, _C.IN)]
        if len(plain) == len(inner) > 0:
            mask = self._set(*plain[-1 if way < 0 else 0], flags)
            if op is _C.ASSERT_NOT:
                mask = ~mask if whole else -1
        given = {"before" if way < 0 else "behind": mask}
        passed = self._new(next=[to], guarded=True, **given)
        if way < 0:
            return passed
        ahead = self._atomic(lambda end: self._sequence(inner, end, flags), self._new(guarded=True))
        return self._new(next=[ahead, passed])

    def _atomic(self, build: Any, to: int) -> int:
        if self._inside is not None:
            return int(build(to))
        self._inside = len(self._states)
        start = int(build(self._new(next=[to])))
        self._inside = None
        return start

    def _repeat(self, least: int, most: Any, body: Any, *, to: int, flags: int) -> int:
        if most is _C.MAXREPEAT or int(most) > (_FEW if self._few else _COPIES):
            again = self._new()
            start = self._sequence(body, again, flags)
            self._states[again].next += [start, to]
            end = start if least else self._new(next=[start, to])
            for _ in range(min(least, 3) - 1):
                end = self._sequence(body, end, flags)
            return end
        most = min(int(most), _COPIES)
        for count in range(most, 0, -1):
            then = self._sequence(body, to, flags)
            to = then if count <= least else self._new(next=[then, to])
        return to

    def _set(self, op: Any, value: Any, flags: int) -> int:
        if op is _C.LITERAL and not flags & re.IGNORECASE.value:
            return 1 << self._places[value]
        key = (str(op), str(value), flags)
        if key not in self._sets:
            self._sets[key] = sum(
                1 << at
                for at, one in enumerate(self._alphabet)
                if self._is_in(op, value, one, flags)
            )
        return self._sets[key]

    def _is_in(self, op: Any, value: Any, one: int, flags: int) -> bool:
        forms = {one}
        if flags & re.IGNORECASE.value:
            text = chr(one)
            both = {ord(form) for form in (text.lower(), text.upper()) if len(form) == 1}
            forms |= {form for form in both if not self._bytes or one < 0x80}
        if op is _C.LITERAL:
            return value in forms
        if op is _C.NOT_LITERAL:
            return value not in forms
        if op is _C.ANY:
            return bool(flags & re.DOTALL.value) or one != 10
        negated = value[0][0] is _C.NEGATE
        return any(self._holds(part, form, flags) for part in value for form in forms) != negated

    def _holds(self, part: Any, one: int, flags: int) -> bool:
        op, value = part
        if op is _C.LITERAL:
            return bool(one == value)
        if op is _C.RANGE:
            return bool(value[0] <= one <= value[1])
        if op is _C.CATEGORY:
            of = _CATEGORIES[value]
            if self._bytes:
                return re.fullmatch(of.encode(), bytes([one])) is not None
            return re.fullmatch(of, chr(one), flags & re.ASCII.value) is not None
        return False

    # reading

    @cached_property
    def _edges(self) -> dict[int, list[_Edge]]:
        takers = [at for at, one in enumerate(self._states) if one.takes is not None]
        return {at: [] if self._is_sure(at) else list(self._ways(at)) for at in takers}

    def _is_sure(self, at: int) -> bool:
        """Whether the end is reached from here whatever follows: then nothing is tried again."""
        todo, seen = list(self._states[at].next), set()
        while todo:
            one = todo.pop()
            if one == self._end:
                return True
            state = self._states[one]
            if one not in seen and state.takes is None and not state.guarded:
                seen.add(one)
                todo += state.next
        return False

    def _ways(self, at: int) -> Iterator[_Edge]:
        home = self._states[at].atomic
        # where, what was seen, what was chosen, whether the way left the atomic part it began in,
        # and which characters may stand before and behind
        todo: list[tuple[int, tuple[int, ...], tuple[int, ...], bool, int, int]] = [
            (one, (), (), home is None, -1, -1) for one in self._states[at].next
        ]
        found = set()
        while todo:
            here, seen, trace, left, before, behind = todo.pop()
            state = self._states[here]
            before &= state.before
            behind &= state.behind
            left = left or state.atomic != home
            inside = not left or state.atomic is not None
            if state.takes is not None:
                found.add(
                    _Edge(here, trace if inside else (*trace, here), not left, before, behind)
                )
                continue
            if here in seen:
                continue
            told = trace
            if left:  # of an atomic part only that it was begun
                step = here if state.atomic is None else -1 - state.atomic
                told = trace if trace and trace[-1] == step else (*trace, step)
            todo += [(one, (*seen, here), told, left, before, behind) for one in state.next]
        yield from sorted(found, key=lambda edge: (edge.to, edge.trace))

    def _steps(self, one: int, two: int) -> Iterator[tuple[_Edge, _Edge, bool]]:
        """The next step of two ways over the same text, and whether they part there."""
        for first in self._edges[one]:
            for second in self._edges[two]:
                if not self._together((one, two), (first, second)):
                    continue
                if one != two or first == second:
                    yield first, second, False
                elif first.trace != second.trace and not (first.stays or second.stays):
                    yield first, second, True

    def _together(self, here: tuple[int, ...], steps: tuple[_Edge, ...]) -> bool:
        """Whether one text leads to all of these places, and on by all of these steps."""
        before = behind = self._all
        for one, step in zip(here, steps, strict=True):
            before &= (self._states[one].takes or 0) & step.before
            behind &= (self._states[step.to].takes or 0) & step.behind
        return bool(before and behind)

    @cached_property
    def _regions(self) -> dict[int, int]:
        """Of each state that can come back to itself, which belong together."""
        plain = {at: {edge.to for edge in edges} for at, edges in self._edges.items()}
        return {
            at: number
            for number, group in enumerate(_strong(plain))
            for at in group
            if len(group) > 1 or at in plain[at]
        }

    def doubles(self) -> bool:
        """Whether a state comes back to itself in two ways over one text."""
        graph: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        parted: list[tuple[tuple[int, int], tuple[int, int]]] = []
        todo = [(at, at) for at in self._regions]
        done = set(todo)
        while todo:
            pair = todo.pop()
            graph[pair]
            for first, second, part in self._steps(*pair):
                one, two = first.to, second.to
                if {self._regions.get(at) for at in (one, two)} != {self._regions[pair[0]]}:
                    continue
                graph[pair].add((one, two))
                if part:
                    parted.append((pair, (one, two)))
                if (one, two) not in done:
                    done.add((one, two))
                    todo.append((one, two))
        groups = {pair: number for number, group in enumerate(_strong(graph)) for pair in group}
        return any(groups[here] == groups[there] for here, there in parted)

    def repeats(self) -> bool:
        """Whether two repeats stay over one text, and the first leads to the second."""
        regions = self._regions
        reach = self._reach()
        return any(
            regions[one] != regions[two] and two in reach[one] and self._both(one, two)
            for one in regions
            for two in regions
        )

    def _reach(self) -> dict[int, set[int]]:
        reach = {}
        for at in self._regions:
            seen, todo = {at}, [at]
            while todo:
                new = {edge.to for edge in self._edges[todo.pop()]} - seen
                seen |= new
                todo += new
            reach[at] = seen
        return reach

    def _both(self, one: int, two: int) -> bool:
        """Whether a text leads from ``one`` to itself and to ``two``, and from that to itself."""
        regions = self._regions
        todo = [(one, one, two)]
        seen = set(todo)
        while todo:
            first, between, last = todo.pop()
            for *pair, _part in self._steps(first, between):
                if regions.get(pair[0].to) != regions[one]:
                    continue
                for edge in self._edges[last]:
                    if regions.get(edge.to) != regions[two]:
                        continue
                    if not self._together((first, between, last), (*pair, edge)):
                        continue
                    state = (pair[0].to, pair[1].to, edge.to)
                    if state == (one, two, two):
                        return True
                    if state not in seen:
                        seen.add(state)
                        todo.append(state)
        return False


def _alphabet(tree: Any, bytes_: bool) -> set[int]:
    """A character of each kind that the expression tells apart."""
    most = 0xFF if bytes_ else 0x10FFFF
    found = set(range(0x100)) | ({0x2028, 0x0660, 0x4E00, 0x1F600} if not bytes_ else set())
    for one in _numbers(tree):
        found |= {number for number in (one - 1, one, one + 1) if 0 <= number <= most}
    return found


def _numbers(items: Any) -> Iterator[int]:
    for op, value in items:
        if op in (_C.LITERAL, _C.NOT_LITERAL):
            yield value
        elif op is _C.RANGE:
            yield from value
        elif op is _C.IN:
            yield from _numbers(value)
        for inner in _inner(op, value):
            yield from _numbers(inner)


_Node = TypeVar("_Node")


def _strong(graph: Mapping[_Node, set[_Node]]) -> list[list[_Node]]:
    """The strongly connected parts of a graph, as Tarjan finds them."""
    index: dict[_Node, int] = {}
    low: dict[_Node, int] = {}
    stack: list[_Node] = []
    on: set[_Node] = set()
    parts: list[list[_Node]] = []
    for root in graph:
        if root in index:
            continue
        work: list[tuple[_Node, Iterator[_Node]]] = [(root, iter(graph[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on.add(root)
        while work:
            node, others = work[-1]
            for other in others:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on.add(other)
                    work.append((other, iter(graph[other])))
                    break
                if other in on:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = []
                    while not part or part[-1] != node:
                        part.append(stack.pop())
                        on.discard(part[-1])
                    parts.append(part)
    return parts
