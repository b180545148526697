//! An example account, and events that it accepts: tests change one thing at a time.

use portfolio_core::event::{Cash, Close, Event, Level, Modify, Open, Protection, Quote, Side};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::refusal::Refusal;

pub(crate) fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

pub(crate) fn configuration() -> Configuration {
    Configuration::new(money("1000"))
}

/// An instrument with two decimals of price and one of size.
pub(crate) fn instrument() -> Instrument {
    Instrument { price_decimals: 2, size_decimals: 1, ..Instrument::default_for("ACME") }
}

/// An account with a registered instrument and one long position of 2 at 100, number 1, at time 10.
pub(crate) fn ledger() -> Ledger {
    let mut ledger = Ledger::new(configuration()).unwrap();
    ledger.apply(&Event::RegisterInstrument(instrument())).unwrap();
    ledger.apply(&Event::Open(Open { size: size("2"), ..open() })).unwrap();
    ledger
}

/// An open that is accepted.
pub(crate) fn open() -> Open<'static> {
    Open {
        symbol: "ACME",
        side: Side::Long,
        size: size("1"),
        price: price("100"),
        time: 10,
        stop_loss: None,
        take_profit: None,
        fee: Some(Money::ZERO),
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    }
}

/// A close that is accepted.
pub(crate) fn close() -> Close<'static> {
    Close {
        position_id: 1,
        price: price("100"),
        time: 10,
        size: None,
        fee: Some(Money::ZERO),
        reason: "",
    }
}

/// A modify that is accepted.
pub(crate) fn modify() -> Modify<'static> {
    Modify { stop_loss: Level::Set(price("90")), ..Modify::new(1, 10) }
}

pub(crate) fn quote<'a>(symbol: &'a str, bid: &str, ask: &str) -> Quote<'a> {
    Quote { symbol, bid: price(bid), ask: price(ask) }
}

pub(crate) fn cash(amount: &str) -> Cash {
    Cash { amount: money(amount), time: 10, currency: None }
}

/// The refusal of an event, which leaves no trace.
pub(crate) fn refuse(ledger: &mut Ledger, event: &Event<'_>) -> Refusal {
    let (digest, account) = (ledger.digest(), *ledger.account());
    let refusal = ledger.apply(event).unwrap_err();
    assert_eq!((ledger.digest(), *ledger.account()), (digest, account), "{refusal}");
    ledger.check_invariants().unwrap();
    refusal
}

/// The name of a refusal's variant.
pub(crate) fn name(refusal: &Refusal) -> String {
    let shown = format!("{refusal:?}");
    shown.split([' ', '{', '(']).next().unwrap().to_owned()
}

/// The variants of `Refusal` in the order of their declaration.
pub(crate) fn declared() -> Vec<&'static str> {
    let source = include_str!("../../src/refusal.rs");
    let (_, body) = source.split_once("pub enum Refusal {").unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let lines = lines.filter(|line| line.starts_with(|first: char| first.is_ascii_uppercase()));
    lines.map(|line| line.split([' ', ',', '(']).next().unwrap()).collect()
}
