//! The compiled portfolio: its constructor, instruments and fills. Arguments are read in the order
//! of the signature, then the event is applied.

use portfolio_core::event::{Close, CloseBy, Event, Modify, Open};
use portfolio_core::ledger::Ledger;
use pyo3::prelude::*;

use crate::account::AccountCore;
use crate::cash_events::CashCore;
use crate::convert::configuration::{Options, read_configuration};
use crate::convert::instrument::read_instrument;
use crate::convert::protection::{Changes, Protected};
use crate::convert::{Given, change, fee, number, text, time};
use crate::fault::refused;
use crate::frames::{self, Receipts};
use crate::guard::Guarded;
use crate::journal::{JournalCore, Wanted};
use crate::market::MarketCore;
use crate::views::Trade;

/// The compiled portfolio. `omega_portfolio.Portfolio` documents every call.
#[pyclass(frozen, subclass, extends = MarketCore, module = "omega_portfolio._core")]
pub(crate) struct PortfolioCore;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

fn account<'a, 'py>(slf: &'a Bound<'py, PortfolioCore>) -> &'a Bound<'py, AccountCore> {
    slf.as_super().as_super().as_super().as_super()
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::needless_pass_by_value,
    clippy::similar_names,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl PortfolioCore {
    #[new]
    #[pyo3(
        signature = (initial_balance, *, currency=Given(None), leverage=Given(None),
                     mode=Given(None), floats=Given(None), capacity=None, rounding=Given(None),
                     off_grid=Given(None), margin_call=None, stop_out=None, path=Given(None),
                     pivot=Given(None), journal=None, sync=None, sync_interval_ms=Given(None),
                     snapshot_every=None),
        text_signature = "(initial_balance, *, currency='USD', leverage=1, mode='hedging', \
                          floats='nearest', capacity=None, rounding='exact', off_grid='refuse', \
                          margin_call=None, stop_out=None, path='pessimistic', pivot='USD', \
                          journal=None, sync=None, sync_interval_ms=100, snapshot_every=None)"
    )]
    fn new<'py>(
        initial_balance: Value<'_, 'py>,
        currency: Given<'py>,
        leverage: Given<'py>,
        mode: Given<'py>,
        floats: Given<'py>,
        capacity: Option<Bound<'py, PyAny>>,
        rounding: Given<'py>,
        off_grid: Given<'py>,
        margin_call: Option<Bound<'py, PyAny>>,
        stop_out: Option<Bound<'py, PyAny>>,
        path: Given<'py>,
        pivot: Given<'py>,
        journal: Option<Bound<'py, PyAny>>,
        sync: Option<Bound<'py, PyAny>>,
        sync_interval_ms: Given<'py>,
        snapshot_every: Option<Bound<'py, PyAny>>,
    ) -> PyResult<PyClassInitializer<Self>> {
        let options = Options {
            currency,
            leverage,
            mode,
            floats,
            capacity,
            rounding,
            off_grid,
            margin_call,
            stop_out,
            path,
            pivot,
        };
        let py = initial_balance.py();
        let (configuration, policy) = read_configuration(initial_balance, &options)?;
        let currency = configuration.currency;
        let wanted = Wanted { journal, sync, sync_interval_ms, snapshot_every };
        let beginning = wanted.read(py, policy)?;
        let mut ledger = Ledger::new(configuration).map_err(refused)?;
        if let Some(beginning) = beginning {
            beginning.attach(py, &mut ledger)?;
        }
        let ledger = Guarded::new(ledger);
        let account = PyClassInitializer::from(AccountCore { ledger, policy, currency });
        let account = account.add_subclass(JournalCore::default());
        Ok(account.add_subclass(CashCore).add_subclass(MarketCore).add_subclass(Self))
    }

    /// Applies a whole frame of events.
    #[pyo3(
        signature = (events, *, on_error=Given(None), exact=Given(None)),
        text_signature = "($self, events, *, on_error='raise', exact=False)"
    )]
    fn apply<'py>(
        slf: &Bound<'py, Self>,
        events: Value<'_, 'py>,
        on_error: Given<'py>,
        exact: Given<'py>,
    ) -> PyResult<Bound<'py, Receipts>> {
        let core = account(slf).get();
        frames::apply(slf.py(), &core.ledger, events, (&on_error, &exact), core.policy)
    }

    /// Declares an instrument.
    fn register_instrument(slf: &Bound<'_, Self>, instrument: Value<'_, '_>) -> PyResult<()> {
        let core = account(slf).get();
        let instrument = read_instrument(instrument, core.policy)?;
        core.take(slf.py(), &Event::RegisterInstrument(instrument)).map(|_| ())
    }

    /// Opens a position and answers its id.
    #[pyo3(
        signature = (symbol, side, size, price, time, *, stop_loss=None, take_profit=None,
                     fee=None, tag=Given(None), position_id=None, trailing=None, break_even=None,
                     targets=None, exit_time=None),
        text_signature = "($self, symbol, side, size, price, time, *, stop_loss=None, \
                          take_profit=None, fee=None, tag='', position_id=None, trailing=None, \
                          break_even=None, targets=None, exit_time=None)"
    )]
    fn open_position(
        slf: &Bound<'_, Self>,
        symbol: Value<'_, '_>,
        side: Value<'_, '_>,
        size: Value<'_, '_>,
        price: Value<'_, '_>,
        time: Value<'_, '_>,
        stop_loss: Option<Value<'_, '_>>,
        take_profit: Option<Value<'_, '_>>,
        fee: Option<Value<'_, '_>>,
        tag: Given<'_>,
        position_id: Option<Value<'_, '_>>,
        trailing: Option<Value<'_, '_>>,
        break_even: Option<Value<'_, '_>>,
        targets: Option<Value<'_, '_>>,
        exit_time: Option<Value<'_, '_>>,
    ) -> PyResult<u64> {
        let core = account(slf).get();
        let policy = core.policy;
        let (symbol, side) = (text::symbol(symbol)?, text::side(side)?);
        let size = number::size("size", size, policy)?;
        let price = number::price("price", price, policy)?;
        let time = time::time("time", time)?;
        let stop_loss = number::level("stop_loss", stop_loss, policy)?;
        let take_profit = number::level("take_profit", take_profit, policy)?;
        let fee = self::fee(fee, policy)?;
        let tag = text::note("tag", &tag)?;
        let position_id = position_id.map(|id| text::position_id("position_id", id)).transpose()?;
        let given = [trailing, break_even, targets, exit_time];
        let protected = Protected::read(given, policy)?;
        let protection = protected.borrow();
        let open = Open {
            symbol,
            side,
            size,
            price,
            time,
            stop_loss,
            take_profit,
            fee,
            tag,
            position_id,
            protection,
        };
        Ok(core.take(slf.py(), &Event::Open(open))?.position_id)
    }

    /// Closes a position, or a part of it, and answers the trade.
    #[pyo3(
        signature = (position_id, price, time, *, size=None, fee=None, reason=Given(None)),
        text_signature = "($self, position_id, price, time, *, size=None, fee=None, reason='')"
    )]
    fn close_position(
        slf: &Bound<'_, Self>,
        position_id: Value<'_, '_>,
        price: Value<'_, '_>,
        time: Value<'_, '_>,
        size: Option<Value<'_, '_>>,
        fee: Option<Value<'_, '_>>,
        reason: Given<'_>,
    ) -> PyResult<Trade> {
        let core = account(slf).get();
        let close = Close {
            position_id: text::position_id("position_id", position_id)?,
            price: number::price("price", price, core.policy)?,
            time: time::time("time", time)?,
            size: size.map(|size| number::size("size", size, core.policy)).transpose()?,
            fee: self::fee(fee, core.policy)?,
            reason: text::note("reason", &reason)?,
        };
        let event = Event::Close(close);
        let row = core
            .ledger
            .change(slf.py(), |ledger| ledger.apply(&event).map(|_| *ledger.last_trade()))?;
        let row = row.map_err(refused)?;
        Ok(Trade::new(&row, core.currency.digits(), account(slf).clone().unbind()))
    }

    /// Changes what protects a position.
    #[pyo3(
        signature = (position_id, time, *, stop_loss=Given(None), take_profit=Given(None),
                     trailing=Given(None), break_even=Given(None), targets=Given(None),
                     exit_time=Given(None)),
        text_signature = "($self, position_id, time, *, stop_loss=..., take_profit=..., \
                          trailing=..., break_even=..., targets=..., exit_time=...)"
    )]
    fn modify_position(
        slf: &Bound<'_, Self>,
        position_id: Value<'_, '_>,
        time: Value<'_, '_>,
        stop_loss: Given<'_>,
        take_profit: Given<'_>,
        trailing: Given<'_>,
        break_even: Given<'_>,
        targets: Given<'_>,
        exit_time: Given<'_>,
    ) -> PyResult<()> {
        let core = account(slf).get();
        let level = |argument, given: &Given<'_>| {
            change(given, |level| number::price(argument, level, core.policy))
        };
        let position_id = text::position_id("position_id", position_id)?;
        let mut modify = Modify::new(position_id, time::time("time", time)?);
        modify.stop_loss = level("stop_loss", &stop_loss)?;
        modify.take_profit = level("take_profit", &take_profit)?;
        let given = [trailing, break_even, targets, exit_time];
        let changes = Changes::read(&given, core.policy)?;
        changes.put_into(&mut modify);
        core.take(slf.py(), &Event::Modify(modify)).map(|_| ())
    }

    /// Closes two positions against each other and answers both trades.
    #[pyo3(signature = (position_id, other_id, time, *, size=None, fee=None))]
    fn close_by(
        slf: &Bound<'_, Self>,
        position_id: Value<'_, '_>,
        other_id: Value<'_, '_>,
        time: Value<'_, '_>,
        size: Option<Value<'_, '_>>,
        fee: Option<Value<'_, '_>>,
    ) -> PyResult<(Trade, Trade)> {
        let policy = account(slf).get().policy;
        let close = CloseBy {
            position_id: text::position_id("position_id", position_id)?,
            other_id: text::position_id("other_id", other_id)?,
            time: time::time("time", time)?,
            size: size.map(|size| number::size("size", size, policy)).transpose()?,
            fee: self::fee(fee, policy)?,
        };
        Trade::two_made_by(account(slf), &Event::CloseBy(close))
    }
}
