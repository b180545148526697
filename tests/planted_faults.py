"""Portfolios that are wrong in one thing, for tests of what a comparison can see."""

from __future__ import annotations

import math
from decimal import Decimal

import omega_portfolio as op


class Spoiled:
    """A Python portfolio behind a thin wall; subclasses answer one thing differently."""

    def __init__(self, initial_balance: object, **options: object) -> None:
        self.inner = op.PortfolioPython(initial_balance, **options)

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)


class FeeOneUnitHigher(Spoiled):
    def close_position(self, position_id, price, time, *, size=None, fee=0, reason=""):
        trade = self.inner.close_position(
            position_id, price, time, size=size, fee=fee, reason=reason
        )
        if reason == "signal":
            self.inner.charge_fee("0.000000000000000001", self.inner.time)
        return trade


class OtherArgument(Spoiled):
    def charge_fee(self, amount, time, **keywords):
        try:
            self.inner.charge_fee(amount, time, **keywords)
        except op.PositionNotFound as error:
            raise op.PositionNotFound("id", error.value, error.rule, error.remedy) from error


class SecondRebateOfTheLedgerIsLost(Spoiled):
    """Wrong in a column only: no scalar and no digest shows it."""

    def get_ledger(self, exact=False):
        import pyarrow as pa
        import pyarrow.compute as pc

        table = self.inner.get_ledger(exact=exact)
        rows = table.to_pyarrow()
        rebates = [
            number
            for number, (kind, amount) in enumerate(
                zip(rows["kind"].to_pylist(), rows["amount"].to_pylist(), strict=True)
            )
            if kind == "fee" and amount > 0
        ]
        if exact or len(rebates) < 2:
            return table
        amounts = rows["amount"].to_pylist()
        amounts[rebates[1]] = math.nextafter(amounts[rebates[1]], math.inf)
        index = rows.column_names.index("amount")
        changed = rows.set_column(index, rows.schema.field("amount"), pa.array(amounts))
        assert pc.sum(changed["amount"]).as_py() is not None
        return FakeTable(changed)


class FakeTable:
    def __init__(self, rows):
        self.rows = rows
        self.columns = rows.column_names

    def __len__(self):
        return self.rows.num_rows

    def to_pyarrow(self):
        return self.rows

    def __arrow_c_stream__(self, requested_schema=None):
        return self.rows.__arrow_c_stream__(requested_schema)


class OtherDigest(Spoiled):
    deposits = 0

    def deposit(self, amount, time):
        self.inner.deposit(amount, time)
        self.deposits += 1

    @property
    def digest(self):
        return "0" * 64 if self.deposits >= 3 else self.inner.digest


class RefusalChangesTheState(Spoiled):
    def withdraw(self, amount, time):
        try:
            self.inner.withdraw(amount, time)
        except op.InsufficientFunds:
            self.inner.charge_fee(1, time)
            raise


class PanicOnModify(Spoiled):
    def modify_position(self, position_id, time, **levels):
        del position_id, time, levels
        raise ArithmeticError("attempt to subtract with overflow")


class OtherScalar(Spoiled):
    @property
    def free_margin(self):
        return self.inner.free_margin + Decimal("0.01")


class OtherWriting(Spoiled):
    """The same number with other digits: N7 says how it is written."""

    @property
    def equity(self):
        return self.inner.equity.normalize()


class OtherOrderOfPositions(Spoiled):
    @property
    def positions(self):
        return dict(reversed(list(self.inner.positions.items())))


class OtherNumberOfPositions(Spoiled):
    @property
    def positions(self):
        return dict(list(self.inner.positions.items())[1:])


class OtherMargin(Spoiled):
    def calculate_margin(self, symbol=None, **considered):
        return self.inner.calculate_margin(symbol, **considered) + (symbol == "ACME")


class OtherMetric(Spoiled):
    def calculate_metrics(self):
        metrics = dict(self.inner.calculate_metrics())
        return {**metrics, "win_rate": metrics["win_rate"] + 1e-6}


class MissingMetric(Spoiled):
    def calculate_metrics(self):
        return {"trade_count": 1}


class OtherState(Spoiled):
    def get_state(self):
        self.inner.update_equity(self.inner.time)
        return self.inner.get_state()


class OtherTable(Spoiled):
    """Replaces the trades by another table."""

    def get_trades(self, exact=False):
        return FakeTable(self.changed(self.inner.get_trades(exact=exact).to_pyarrow()))


class FewerRows(OtherTable):
    def changed(self, rows):
        return rows.slice(1)


class OtherNames(OtherTable):
    def changed(self, rows):
        return rows.rename_columns([name.upper() for name in rows.column_names])


class OtherText(OtherTable):
    """The same letters, cut at another place."""

    def changed(self, rows):
        import pyarrow as pa

        field = rows.schema.field("tag")
        texts = pa.array(["fir", "stsecond"], pa.string_view())
        return rows.set_column(rows.column_names.index("tag"), field, texts)


class NullText(OtherTable):
    def changed(self, rows):
        import pyarrow as pa

        field = rows.schema.field("tag")
        texts = pa.array(["first", None], pa.string_view())
        return rows.set_column(rows.column_names.index("tag"), field, texts)


class OtherExcursion(OtherTable):
    """Wrong in a column that no figure of the account depends on."""

    def changed(self, rows):
        return with_column(rows, "mae", rows["mfe"])


class OtherExposure(Spoiled):
    """Tells the gross exposure for the net one."""

    def get_equity_curve(self, exact=False):
        rows = self.inner.get_equity_curve(exact=exact).to_pyarrow()
        return FakeTable(with_column(rows, "net_exposure", rows["gross_exposure"]))


class OtherAttribution(Spoiled):
    """Leaves the price out of the total."""

    def _attribution(self, exact):
        rows = self.inner._attribution(exact).to_pyarrow()
        return FakeTable(with_column(rows, "total", rows["fee"]))


def with_column(rows, name, cells):
    return rows.set_column(rows.column_names.index(name), rows.schema.field(name), cells)


class RefusesItsAttribution(Spoiled):
    def _attribution(self, exact):
        raise op.NumberOutOfRange("attribution", str(exact), "is too large", "split it")


class Unreadable(Spoiled):
    """Reading raises what is no error of this package."""

    def get_positions(self, exact=False):
        del exact
        raise ArithmeticError("attempt to divide by zero")


class UnreadableScalar(Spoiled):
    @property
    def realized_pnl(self):
        raise op.NumberOutOfRange("realized_pnl", "the account", "is too large", "split it")


class LosesTheLastRow(Spoiled):
    """Applies a frame of more than two rows without its last one."""

    def apply(self, events, **options):
        import pyarrow as pa

        frame = pa.table(events)
        return self.inner.apply(frame.slice(0, max(len(frame) - 1, 2)), **options)


class TakesNothingBack(Spoiled):
    """Leaves the rows before the one that is refused."""

    def apply(self, events, **options):
        import pyarrow as pa

        try:
            return self.inner.apply(events, **options)
        except op.OmegaPortfolioError as error:
            if error.value.startswith("row "):
                row = int(error.value.split(",")[0].removeprefix("row "))
                self.inner.apply(pa.table(events).slice(0, row), on_error="record")
            raise


class OtherPlace(Spoiled):
    """Names another column in the refusal of a frame."""

    def apply(self, events, **options):
        try:
            return self.inner.apply(events, **options)
        except op.OmegaPortfolioError as error:
            value = error.value.replace("column time:", "column size:")
            raise type(error)(error.argument, value, error.rule, error.remedy) from error


class OtherEvents(Spoiled):
    """Tells its events with one cell that is another one; subclasses choose it."""

    name = "fee"

    def get_events(self, exact=True):
        rows = self.inner.get_events(exact=exact).to_pyarrow()
        index = rows.column_names.index(self.name)
        cells = self.changed(rows[self.name].to_pylist())
        field = rows.schema.field(self.name)
        import pyarrow as pa

        return FakeTable(rows.set_column(index, field, pa.array(cells, field.type)))

    def changed(self, cells):
        number = next(at for at, cell in enumerate(cells) if cell is not None)
        return [*cells[:number], cells[number] + 1, *cells[number + 1 :]]


class NullForZero(OtherEvents):
    def changed(self, cells):
        return [cell or None for cell in cells]


class NullElsewhere(OtherEvents):
    """The same cells, and the same number of nulls, in other rows."""

    def changed(self, cells):
        return [*cells[1:], cells[0]]


class RefusesItsEvents(Spoiled):
    def apply(self, *_events, **_options):
        raise op.InvalidFrame("events", "row 0, column action: null", "is null", "fill it")


class OneEventMore(Spoiled):
    def apply(self, events, **options):
        receipts = self.inner.apply(events, **options)
        self.inner.mark({})
        return receipts
