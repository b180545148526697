//! The calls that take prices, and those of orders.

use portfolio_core::event::{Bars, CancelOrder, Event, Marks, PlaceOrder};
use pyo3::prelude::*;

use crate::account::AccountCore;
use crate::cash_events::CashCore;
use crate::convert::bars::{GivenBars, read_path};
use crate::convert::order::read_kind;
use crate::convert::prices::Prices;
use crate::convert::protection::Protected;
use crate::convert::{Given, number, text, time};
use crate::history_of_bars;
use crate::views::Trade;

/// What the market does to an account.
#[pyclass(frozen, subclass, extends = CashCore, module = "omega_portfolio._core")]
pub(crate) struct MarketCore;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

fn account<'a, 'py>(slf: &'a Bound<'py, MarketCore>) -> &'a Bound<'py, AccountCore> {
    slf.as_super().as_super().as_super()
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl MarketCore {
    /// Sets marks without a row in the equity history.
    #[pyo3(signature = (prices, *, time=None))]
    fn mark(
        slf: &Bound<'_, Self>,
        prices: Value<'_, '_>,
        time: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let core = account(slf).get();
        let prices = Prices::read("prices", Some(prices), core.policy)?;
        let quotes = prices.quotes(core.policy)?;
        let time = time.map(|moment| time::time("time", moment)).transpose()?;
        core.take(slf.py(), &Event::Mark(Marks { time, quotes: &quotes })).map(|_| ())
    }

    /// Sets marks and appends a row to the equity history.
    #[pyo3(signature = (time, prices=None))]
    fn update_equity(
        slf: &Bound<'_, Self>,
        time: Value<'_, '_>,
        prices: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let core = account(slf).get();
        let time = Some(time::time("time", time)?);
        let prices = Prices::read("prices", prices, core.policy)?;
        let quotes = prices.quotes(core.policy)?;
        core.take(slf.py(), &Event::UpdateEquity(Marks { time, quotes: &quotes })).map(|_| ())
    }

    /// Rests an order and answers its id.
    #[pyo3(
        signature = (symbol, side, size, time, *, r#type=Given(None), price=None, expiry=None,
                     oco=Given(None), stop_loss=None, take_profit=None, trailing=None,
                     break_even=None, targets=None, exit_time=None, tag=Given(None)),
        text_signature = "($self, symbol, side, size, time, *, type='limit', price=None, \
                          expiry=None, oco='', stop_loss=None, take_profit=None, trailing=None, \
                          break_even=None, targets=None, exit_time=None, tag='')"
    )]
    fn place_order(
        slf: &Bound<'_, Self>,
        symbol: Value<'_, '_>,
        side: Value<'_, '_>,
        size: Value<'_, '_>,
        time: Value<'_, '_>,
        r#type: Given<'_>,
        price: Option<Value<'_, '_>>,
        expiry: Option<Value<'_, '_>>,
        oco: Given<'_>,
        stop_loss: Option<Value<'_, '_>>,
        take_profit: Option<Value<'_, '_>>,
        trailing: Option<Value<'_, '_>>,
        break_even: Option<Value<'_, '_>>,
        targets: Option<Value<'_, '_>>,
        exit_time: Option<Value<'_, '_>>,
        tag: Given<'_>,
    ) -> PyResult<u64> {
        let core = account(slf).get();
        let policy = core.policy;
        let (symbol, side) = (text::symbol(symbol)?, text::side(side)?);
        let size = number::size("size", size, policy)?;
        let time = time::time("time", time)?;
        let kind = read_kind(&r#type, price, policy)?;
        let expiry = expiry.map(|moment| time::time("expiry", moment)).transpose()?;
        let oco = text::note("oco", &oco)?;
        let stop_loss = number::level("stop_loss", stop_loss, policy)?;
        let take_profit = number::level("take_profit", take_profit, policy)?;
        let given = [trailing, break_even, targets, exit_time];
        let protected = Protected::read(given, policy)?;
        let protection = protected.borrow();
        let tag = text::note("tag", &tag)?;
        let order = PlaceOrder {
            symbol,
            side,
            size,
            time,
            kind,
            expiry,
            oco,
            stop_loss,
            take_profit,
            protection,
            tag,
        };
        Ok(core.take(slf.py(), &Event::PlaceOrder(order))?.order_id)
    }

    /// Takes an order back.
    fn cancel_order(
        slf: &Bound<'_, Self>,
        order_id: Value<'_, '_>,
        time: Value<'_, '_>,
    ) -> PyResult<()> {
        let cancel =
            CancelOrder { order_id: text::order_id(order_id)?, time: time::time("time", time)? };
        account(slf).get().take(slf.py(), &Event::CancelOrder(cancel)).map(|_| ())
    }

    /// Runs a bar of each symbol and answers the trades.
    #[pyo3(signature = (time, bars, *, path=None))]
    fn process_bar(
        slf: &Bound<'_, Self>,
        time: Value<'_, '_>,
        bars: Value<'_, '_>,
        path: Option<Value<'_, '_>>,
    ) -> PyResult<Vec<Trade>> {
        let policy = account(slf).get().policy;
        let time = time::time("time", time)?;
        let given = GivenBars::read(bars, policy)?;
        let bars = given.bars(policy)?;
        let path = read_path(path)?;
        Trade::made_by(account(slf), &Event::Bar(Bars { time, path, bars: &bars }))
    }

    /// Runs the quotes of one moment and answers the trades.
    fn process_quotes(
        slf: &Bound<'_, Self>,
        time: Value<'_, '_>,
        quotes: Value<'_, '_>,
    ) -> PyResult<Vec<Trade>> {
        let policy = account(slf).get().policy;
        let time = Some(time::time("time", time)?);
        let given = Prices::read("quotes", Some(quotes), policy)?;
        let quotes = given.quotes(policy)?;
        Trade::made_by(account(slf), &Event::Quotes(Marks { time, quotes: &quotes }))
    }

    /// Runs a whole frame of bars and answers the number of trades.
    #[pyo3(signature = (bars, *, path=None))]
    fn process_bars(
        slf: &Bound<'_, Self>,
        bars: Value<'_, '_>,
        path: Option<Value<'_, '_>>,
    ) -> PyResult<usize> {
        history_of_bars::process(slf.py(), account(slf).get(), bars, path)
    }
}
