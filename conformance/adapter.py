"""What an engine is for the conformance cases: a class with two methods, or a program.

``hello()`` gives ``{"engine": name, "version": text, "numbers": "exact" or "double"}``, and
``run(case)`` one answer for each statement of a case; the page ``conformance/README.md`` has both
forms. ``Stepwise`` makes ``run`` of a method for each kind of statement, and ``serve`` makes a
program that speaks JSON lines of any such class. Only the standard library is needed.
"""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from typing import Any, Protocol, TextIO

Json = dict[str, Any]


class Engine(Protocol):
    """What the runner asks."""

    def hello(self) -> Json:
        """Say who answers: ``engine``, ``version``, ``numbers``."""

    def run(self, case: Json) -> Json:
        """Give ``{"answers": [...]}``, or ``{"not_expressible": {"feature", "reason"}}``."""


class NotExpressibleError(Exception):
    """The engine has no way to be asked this; a case with it is no difference.

    Parameters
    ----------
    feature : str
        What it lacks, in a few words that are the same for all cases of that kind.
    reason : str
        The detail of this case.
    """

    def __init__(self, feature: str, reason: str = "") -> None:
        super().__init__(feature, reason)
        self.feature = feature
        self.reason = reason


class RefusedError(Exception):
    """The engine refused the call; code and argument are empty when it has none of ours."""

    def __init__(self, code: str = "", argument: str = "", text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.argument = argument
        self.text = text


class AbsentError(Exception):
    """There is no such row."""


class Stepwise(ABC):
    """An engine that is called statement by statement."""

    @abstractmethod
    def hello(self) -> Json:
        """Say who answers."""

    @abstractmethod
    def begin(self, case: Json) -> None:
        """Forget the account of the case before.

        Raises
        ------
        NotExpressibleError
            The case cannot be asked.
        """

    @abstractmethod
    def call(self, word: str, arguments: Json, quotes: list[Json], ask: list[str]) -> Json:
        """Make a call and give the results that are asked for.

        Raises
        ------
        RefusedError
            The engine did not take it.
        """

    @abstractmethod
    def check(self, table: str, row: int, ask: list[str]) -> Json:
        """Give figures of the account, or cells of a row; what is left out is not known.

        Raises
        ------
        AbsentError
            There is no such row.
        """

    def after(self) -> Json:
        """Give what holds after each call, for the runner to check; empty when it cannot.

        ``balance``, ``unrealized_pnl`` and ``equity`` have to add up, and ``state`` is a text that
        a refused call may not change.
        """
        return {}

    def end(self) -> None:  # noqa: B027
        """Check the account after its last statement; an exception is a difference."""

    def run(self, case: Json) -> Json:
        """Answer a case."""
        try:
            self.begin(case)
            answers = [self._answer(statement) for statement in case["statements"]]
            self.end()
        except NotExpressibleError as error:
            return {"not_expressible": {"feature": error.feature, "reason": error.reason}}
        return {"answers": answers}

    def _answer(self, statement: Json) -> Json:
        ask: list[str] = statement["ask"]
        if "check" in statement:
            try:
                return {"values": self.check(statement["check"], int(statement.get("row", 0)), ask)}
            except AbsentError as error:
                return {"absent": str(error)}
        word, arguments = statement["call"], statement["arguments"]
        try:
            answer = {"result": self.call(word, arguments, statement.get("quotes", []), ask)}
        except RefusedError as error:
            refused = {"code": error.code, "argument": error.argument, "text": error.text}
            answer = {"refused": refused}
        return answer | {"after": self.after()}


def serve(engine: Engine, source: TextIO = sys.stdin, sink: TextIO = sys.stdout) -> None:
    """Answer JSON lines until the source ends: a line is ``{"hello": ...}`` or ``{"case": ...}``.

    An exception of the engine is the answer ``{"failed": text}``, which counts as a difference.
    """
    for line in source:
        question = json.loads(line)
        try:
            if "hello" in question:
                answer = engine.hello()
            else:
                answer = engine.run(question["case"]) | {"id": question["case"]["id"]}
        except Exception as error:  # noqa: BLE001
            answer = {"failed": f"{type(error).__name__}: {error}"}
        sink.write(json.dumps(answer) + "\n")
        sink.flush()
