//! The calls for cash, fees, swaps, dividends and splits.

use portfolio_core::currency::Currency;
use portfolio_core::event::{Cash, ChargeSwap, Convert, Dividend, Event, Fee, Rollover, Split};
use portfolio_core::refusal::Code;
use portfolio_core::terms::SwapKind;
use pyo3::prelude::*;

use crate::convert::{self, Given, number, text, time};
use crate::fault::refused;
use crate::journal::JournalCore;

/// What changes an account without a fill.
#[pyclass(frozen, subclass, extends = JournalCore, module = "omega_portfolio._core")]
pub(crate) struct CashCore;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Applies an event that answers nothing.
fn take(slf: &Bound<'_, CashCore>, event: &Event<'_>) -> PyResult<()> {
    slf.as_super().as_super().get().take(slf.py(), event).map(|_| ())
}

/// A code whose text was read, as a currency. Whether it is known is a rule of the event, and that
/// of its time comes first.
fn currency(
    slf: &Bound<'_, CashCore>,
    (argument, code): (&'static str, Value<'_, '_>),
    time: i64,
) -> PyResult<Currency> {
    text::currency(argument, code).or_else(|unknown| {
        let core = slf.as_super().as_super().get();
        core.ledger.with(slf.py(), |ledger| ledger.check_moment(time))?.map_err(refused)?;
        Err(unknown)
    })
}

/// A deposit or a withdrawal.
fn cash(
    slf: &Bound<'_, CashCore>,
    amount: Value<'_, '_>,
    time: Value<'_, '_>,
    code: Option<Value<'_, '_>>,
) -> PyResult<Cash> {
    let amount = number::money("amount", amount, slf.as_super().as_super().get().policy)?;
    let time = time::time("time", time)?;
    code.map_or(Ok(()), |code| text::code("currency", code).map(|_| ()))?;
    let currency = code.map(|code| currency(slf, ("currency", code), time)).transpose()?;
    Ok(Cash { amount, time, currency })
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl CashCore {
    /// Charges a fee that belongs to no fill.
    #[pyo3(signature = (amount, time, *, position_id=None))]
    fn charge_fee(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        position_id: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let fee = Fee {
            amount: number::money("amount", amount, slf.as_super().as_super().get().policy)?,
            time: time::time("time", time)?,
            position_id: position_id.map(|id| text::position_id("position_id", id)).transpose()?,
        };
        take(slf, &Event::Fee(fee))
    }

    /// Pays in.
    #[pyo3(signature = (amount, time, *, currency=None))]
    fn deposit(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        currency: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        take(slf, &Event::Deposit(cash(slf, amount, time, currency)?))
    }

    /// Pays out.
    #[pyo3(signature = (amount, time, *, currency=None))]
    fn withdraw(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        currency: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        take(slf, &Event::Withdraw(cash(slf, amount, time, currency)?))
    }

    /// Exchanges cash.
    #[pyo3(signature = (amount, from_currency, to_currency, time, *, rate=None))]
    fn convert_cash(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        from_currency: Value<'_, '_>,
        to_currency: Value<'_, '_>,
        time: Value<'_, '_>,
        rate: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let policy = slf.as_super().as_super().get().policy;
        let amount = number::money("amount", amount, policy)?;
        let [from, to] = [("from_currency", from_currency), ("to_currency", to_currency)];
        for (argument, code) in [from, to] {
            text::code(argument, code)?;
        }
        let time = time::time("time", time)?;
        let rate = rate.map(|rate| number::money("rate", rate, policy)).transpose()?;
        let (from, to) = (currency(slf, from, time)?, currency(slf, to, time)?);
        take(slf, &Event::Convert(Convert { amount, from, to, time, rate }))
    }

    /// Posts a swap by hand.
    #[pyo3(
        signature = (symbol, time, *, long=Given(None), short=Given(None), kind=Given(None),
                     multiplier=Given(None)),
        text_signature = "($self, symbol, time, *, long=0, short=0, kind='points', multiplier=1)"
    )]
    fn charge_swap(
        slf: &Bound<'_, Self>,
        symbol: Value<'_, '_>,
        time: Value<'_, '_>,
        long: Given<'_>,
        short: Given<'_>,
        kind: Given<'_>,
        multiplier: Given<'_>,
    ) -> PyResult<()> {
        let policy = slf.as_super().as_super().get().policy;
        let value = |argument, given: &Given<'_>| {
            let given = given.0.as_ref();
            given.map_or(Ok(0), |value| number::fixed(argument, value, number::SCALE, policy))
        };
        let swap = ChargeSwap {
            symbol: text::symbol(symbol)?,
            time: time::time("time", time)?,
            long: value("long", &long)?,
            short: value("short", &short)?,
            kind: kind.0.as_ref().map_or(Ok(SwapKind::Points), |kind| {
                convert::word("kind", kind, Code::InvalidArgument, &convert::SWAP_KINDS)
            })?,
            multiplier: multiplier
                .0
                .as_ref()
                .map_or(Ok(1), |multiplier| convert::count("multiplier", multiplier))?,
        };
        take(slf, &Event::ChargeSwap(swap))
    }

    /// Charges the swap of one rollover.
    fn rollover(slf: &Bound<'_, Self>, symbol: Value<'_, '_>, time: Value<'_, '_>) -> PyResult<()> {
        let rollover = Rollover { symbol: text::symbol(symbol)?, time: time::time("time", time)? };
        take(slf, &Event::Rollover(rollover))
    }

    /// Pays a dividend.
    #[pyo3(signature = (symbol, amount, time, *, pay_time=None))]
    fn dividend(
        slf: &Bound<'_, Self>,
        symbol: Value<'_, '_>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        pay_time: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let dividend = Dividend {
            symbol: text::symbol(symbol)?,
            amount: number::price("amount", amount, slf.as_super().as_super().get().policy)?,
            time: time::time("time", time)?,
            pay_time: pay_time.map(|moment| time::time("pay_time", moment)).transpose()?,
        };
        take(slf, &Event::Dividend(dividend))
    }

    /// Splits a symbol.
    fn split(
        slf: &Bound<'_, Self>,
        symbol: Value<'_, '_>,
        numerator: Value<'_, '_>,
        denominator: Value<'_, '_>,
        time: Value<'_, '_>,
    ) -> PyResult<()> {
        let split = Split {
            symbol: text::symbol(symbol)?,
            numerator: convert::count("numerator", numerator)?,
            denominator: convert::count("denominator", denominator)?,
            time: time::time("time", time)?,
        };
        take(slf, &Event::Split(split))
    }
}
