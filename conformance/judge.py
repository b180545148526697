"""Compare the answers of an engine with what the cases say. Only the standard library is needed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

Json = dict[str, Any]

PASS: Final = "pass"  # noqa: S105
DIFFER: Final = "differ"
REFUSED: Final = "refused otherwise"
SKIPPED: Final = "not expressible"
VERDICTS: Final = (PASS, DIFFER, REFUSED, SKIPPED)

NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
NUMBER_KINDS: Final = {"number", "whole", "time"}
NINE_DIGITS: Final = Fraction(1, 10**9)


@dataclass
class Verdict:
    """What came of a case.

    Attributes
    ----------
    verdict : str
        One of ``VERDICTS``.
    reasons : list of str
        What differs, statement by statement; of a skip what the engine lacks.
    rounded : int
        Numbers that are equal to nine digits and not exactly; only for engines of doubles.
    unanswered : list of str
        Figures that the engine does not have; everything else of the case was compared.
    compared : int
        Figures and outcomes that were compared.
    """

    verdict: str = PASS
    reasons: list[str] = field(default_factory=list)
    rounded: int = 0
    unanswered: list[str] = field(default_factory=list)
    compared: int = 0


def question_of(case: Json) -> Json:
    """Give a case without what it expects: an engine sees what it is asked, and no figure."""
    statements = []
    for statement in case["statements"]:
        asked = {
            key: value
            for key, value in statement.items()
            if key not in {"expected", "result", "refusal"}
        }
        found = statement.get("expected", statement.get("result", {}))
        statements.append(asked | {"ask": list(found)})
    return {key: case[key] for key in ("id", "name", "features")} | {"statements": statements}


class Judge:
    """Judges the answers of one engine.

    Parameters
    ----------
    document : dict
        What ``cases.json`` holds: it says of which kind each value is.
    doubles : bool
        The engine computes in doubles, so that nine equal digits are enough.
    """

    def __init__(self, document: Json, *, doubles: bool) -> None:
        self._document = document
        self._doubles = doubles

    def judge(self, case: Json, response: Json) -> Verdict:
        """Compare the response to a case."""
        found = Verdict()
        odd = _form_of_response(response, len(case["statements"]))
        if odd:
            return Verdict(DIFFER, [f"failed: {odd}"])
        if response.get("id", case["id"]) != case["id"]:
            return Verdict(DIFFER, [f"failed: it answered another case, {response['id']}"])
        if "not_expressible" in response:
            why = response["not_expressible"]
            text = f"{why['feature']}: {why['reason']}" if why.get("reason") else why["feature"]
            return Verdict(SKIPPED, [text])
        if "failed" in response:
            return Verdict(DIFFER, [f"failed: {response['failed']}"])
        answers = response["answers"]
        state: str | None = None
        for place, statement in enumerate(case["statements"], start=1):
            answer = answers[place - 1]
            odd = _form_of_answer(statement, answer)
            if odd:
                _differ(found, f"statement {place}: {odd}")
                continue
            before, state = state, answer.get("after", {}).get("state", state)
            for text in self._of_answer(statement, answer, found):
                _differ(found, f"statement {place}: {text}")
            refused_well = "refusal" in statement and "refused" in answer
            if refused_well and before is not None and before != state:
                _differ(found, f"statement {place}: the refused call left a trace")
        if found.verdict == PASS and found.compared == 0:
            return Verdict(SKIPPED, ["figures: it has none of those that the case asks for"])
        return found

    def _of_answer(self, statement: Json, answer: Json, found: Verdict) -> list[str]:
        wrong = _identity(answer.get("after", {}))
        if "check" in statement:
            if "absent" in answer:
                found.compared += 1
                return [*wrong, f"{statement['check']}: {answer['absent']}"]
            table = statement["check"]
            kinds = self._document["account"]
            kinds = kinds if table == "account" else self._document["tables"][table]
            return wrong + self._of_values(statement["expected"], answer["values"], kinds, found)
        if "refusal" in statement:
            found.compared += 1
            return wrong + _of_refusal(statement["refusal"], answer, found)
        if "refused" in answer:
            found.compared += 1
            refused = answer["refused"]
            return [*wrong, f"{statement['call']} was refused: {_words(refused)}"]
        kinds = self._document["calls"][statement["call"]]["result"]
        expected = statement.get("result", {})
        return wrong + self._of_values(expected, answer["result"], kinds, found)

    def _of_values(
        self, expected: Json, values: Json, kinds: dict[str, str], found: Verdict
    ) -> list[str]:
        wrong = []
        for key, wanted in expected.items():
            if key not in values:
                found.unanswered.append(key)
                continue
            found.compared += 1
            if not self._equal(kinds[key], values[key], wanted, found):
                wrong.append(f"{key} is {values[key]}, not {wanted}")
        return wrong

    def _equal(self, kind: str, value: str | None, wanted: str | None, found: Verdict) -> bool:
        """Compare as the page says: numbers by their values, all others as they are."""
        if value == wanted or value is None or wanted is None or kind not in NUMBER_KINDS:
            return value == wanted
        if not NUMBER.fullmatch(value):
            return False
        one, other = Fraction(value), Fraction(wanted)
        if one == other:
            return True
        close = abs(one - other) <= NINE_DIGITS * max(abs(other), Fraction(1))
        if kind == "number" and self._doubles and close:
            found.rounded += 1
            return True
        return False


def _form_of_response(response: Any, count: int) -> str:
    """Give what is wrong with the form of a response to so many statements; nothing if it is right.

    A response of another form was not understood by whoever made it, so that nothing in it counts.
    """
    kinds = [] if not isinstance(response, dict) else sorted({*response} - {"id"})
    if kinds not in (["answers"], ["not_expressible"], ["failed"]):
        return f"it is not one of answers, not_expressible and failed, but {response!r:.80}"
    found = response[kinds[0]]
    if kinds == ["failed"]:
        return "" if isinstance(found, str) else f"failed is no text: {found!r:.80}"
    if kinds == ["not_expressible"]:
        well = _is_texts(found, {"feature"}, {"reason"}) and found["feature"]
        return "" if well else f"not_expressible needs a feature, and is {found!r:.80}"
    if not isinstance(found, list):
        return f"answers are no list: {found!r:.80}"
    return "" if len(found) == count else f"{len(found)} answers to {count} statements"


def _form_of_answer(statement: Json, answer: Any) -> str:
    """Give what is wrong with the form of an answer, or nothing."""
    if not isinstance(answer, dict):
        return f"the answer is no object: {answer!r:.80}"
    call = "call" in statement
    names = ("result", "refused") if call else ("values", "absent")
    kinds = sorted({*answer} - ({"after"} if call else set()))
    if len(kinds) != 1 or kinds[0] not in names:
        return f"the answer is not one of {' and '.join(names)}, but has {kinds}"
    name = kinds[0]
    found = answer[name]
    if name == "refused":
        well = _is_texts(found, {"code", "argument"}, {"text"})
    elif name == "absent":
        well = isinstance(found, str)
    else:
        well = _is_figures(found)
    if not well:
        return f"{name} has not its form: {found!r:.80}"
    after = answer.get("after", {})
    return "" if _is_figures(after) else f"after has not its form: {after!r:.80}"


def _is_texts(found: Any, needed: set[str], allowed: set[str]) -> bool:
    return (
        isinstance(found, dict)
        and needed <= {*found} <= needed | allowed
        and all(isinstance(each, str) for each in found.values())
    )


def _is_figures(found: Any) -> bool:
    return isinstance(found, dict) and all(
        each is None or isinstance(each, str) for each in found.values()
    )


def _identity(after: Json) -> list[str]:
    names = ("balance", "unrealized_pnl", "equity")
    if not all(name in after for name in names):
        return []
    texts = [after[name] or "" for name in names]
    if not all(NUMBER.fullmatch(each) for each in texts):
        return [f"after is no numbers: {texts}"]
    balance, unrealized, equity = (Fraction(each) for each in texts)
    return [] if balance + unrealized == equity else ["balance + unrealized_pnl is not equity"]


def _of_refusal(refusal: Json, answer: Json, found: Verdict) -> list[str]:
    if "refused" not in answer:
        return [f"was accepted, and should be refused with {_words(refusal)}"]
    refused = answer["refused"]
    if (refused["code"], refused["argument"]) != (refusal["code"], refusal["argument"]):
        if found.verdict == PASS:
            found.verdict = REFUSED
        found.reasons.append(f"refused with {_words(refused)}, not {_words(refusal)}")
    return []


def _words(refusal: Json) -> str:
    named = f"{refusal['code']} {refusal['argument']}".strip()
    return named or refusal.get("text") or "no code"


def _differ(found: Verdict, text: str) -> None:
    found.verdict = DIFFER
    found.reasons.append(text)
