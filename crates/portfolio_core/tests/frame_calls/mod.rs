//! Rows against the events that they mean.

use portfolio_core::currency::Currency;
use portfolio_core::event::{Event, Open, Protection, Side};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::Terms;

use crate::frame_rows::{accept, account, comes_back, picture, told};

pub(crate) const LONG: &str = "open time=1 symbol=ACME side=long size=2 price=100";

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

pub(crate) fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

pub(crate) fn code(text: &str) -> Currency {
    Currency::parse(text).unwrap()
}

pub(crate) fn open(side: Side, at: &str) -> Open<'static> {
    Open {
        symbol: "ACME",
        side,
        size: size("2"),
        price: price(at),
        time: 1,
        stop_loss: None,
        take_profit: None,
        fee: None,
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    }
}

pub(crate) fn instrument(symbol: &str, terms: Terms) -> Event<'static> {
    let terms = Some(Box::new(terms));
    Event::RegisterInstrument(Instrument { terms, ..Instrument::default_for(symbol) })
}

/// The row that registers what an event registers.
pub(crate) fn registered(event: &Event<'_>) -> String {
    let mut ledger = account();
    ledger.apply(event).unwrap();
    told(&ledger)[0].replace("event=1 ", "")
}

/// Rows and events come to the same account, which comes back from its own events.
pub(crate) fn means(ledger: &mut Ledger, rows: &[&str], events: &[Event<'_>]) -> Vec<String> {
    let mut called = Ledger::new(ledger.configuration().clone()).unwrap();
    for event in events {
        called.apply(event).unwrap_or_else(|refusal| panic!("{refusal}: {event:?}"));
    }
    let receipts = accept(ledger, rows);
    assert_eq!(picture(ledger), picture(&mut called));
    ledger.verify().unwrap();
    comes_back(ledger, "");
    receipts
}
