//! The calls of a case file as events.

use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Bar, Bars, CancelOrder, Cash, Change, ChargeSwap, Close, CloseBy, Convert, Dividend, Event,
    Fee, Marks, Modify, Open, OrderKind, PlaceOrder, Quote, Rollover, Split, Target,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::{Contract, Money, Price};

use super::calls::{Arguments, Refused, read_number, scale_9};
use super::terms::{SWAPS, terms};
use super::{Quoted, Statement};

/// The code of an argument that no rule takes.
const WRONG_ARGUMENT: u32 = 4024;

/// Where the lists of an event are kept.
#[derive(Default)]
pub(super) struct Room<'a> {
    targets: Vec<Target>,
    quotes: Vec<Quote<'a>>,
    bars: Vec<Bar<'a>>,
}

/// The event of a call.
pub(super) fn event<'a>(
    ledger: &mut Ledger,
    statement: &'a Statement,
    room: &'a mut Room<'a>,
) -> Result<Event<'a>, Refused> {
    let given = Arguments(&statement.values);
    let quotes = |argument| quotes(argument, &statement.quotes);
    Ok(match statement.word.as_str() {
        "instrument" => Event::RegisterInstrument(instrument(&given)?),
        "open" => Event::Open(open(&given, &mut room.targets)?),
        "close" => Event::Close(close(&given)?),
        "close_by" => Event::CloseBy(close_by(&given)?),
        "modify" => Event::Modify(modify(&given, &mut room.targets)?),
        "order" => Event::PlaceOrder(order(&given, &mut room.targets)?),
        "cancel" => Event::CancelOrder(CancelOrder {
            order_id: given.id("order_id")?.unwrap_or_default(),
            time: given.time_given()?,
        }),
        "mark" => {
            room.quotes = quotes("prices")?;
            Event::Mark(Marks { time: given.time("time")?, quotes: &room.quotes })
        }
        word @ ("update_equity" | "quotes") => {
            let time = Some(given.time_given()?);
            let of_quotes = word == "quotes";
            room.quotes = quotes(if of_quotes { "quotes" } else { "prices" })?;
            let marks = Marks { time, quotes: &room.quotes };
            if of_quotes { Event::Quotes(marks) } else { Event::UpdateEquity(marks) }
        }
        "bar" => {
            let time = given.time_given()?;
            room.bars = bars(&statement.quotes)?;
            Event::Bar(Bars { time, bars: &room.bars, path: given.path(WRONG_ARGUMENT)? })
        }
        "fee" => Event::Fee(Fee {
            amount: given.money("amount")?,
            time: given.time_given()?,
            position_id: given.id("position_id")?,
        }),
        "deposit" => Event::Deposit(cash(ledger, &given)?),
        "withdraw" => Event::Withdraw(cash(ledger, &given)?),
        _ => later_event(ledger, &statement.word, &given)?,
    })
}

/// Events of other currencies, of nights, and of the company behind a symbol.
fn later_event<'a>(
    ledger: &mut Ledger,
    word: &str,
    given: &Arguments<'a>,
) -> Result<Event<'a>, Refused> {
    let symbol = given.text("symbol");
    let count = |key| given.whole(key, 0, WRONG_ARGUMENT);
    Ok(match word {
        "convert" => Event::Convert(convert(ledger, given)?),
        "charge_swap" => Event::ChargeSwap(ChargeSwap {
            symbol,
            time: given.time_given()?,
            long: given.number("long", scale_9)?.unwrap_or_default(),
            short: given.number("short", scale_9)?.unwrap_or_default(),
            kind: given.word("kind", &SWAPS, WRONG_ARGUMENT)?,
            multiplier: given.whole("multiplier", 1, WRONG_ARGUMENT)?,
        }),
        "rollover" => Event::Rollover(Rollover { symbol, time: given.time_given()? }),
        "dividend" => Event::Dividend(Dividend {
            symbol,
            amount: given.price("amount")?,
            time: given.time_given()?,
            pay_time: given.time("pay_time")?,
        }),
        "split" => Event::Split(Split {
            symbol,
            numerator: count("numerator")?,
            denominator: count("denominator")?,
            time: given.time_given()?,
        }),
        other => panic!("no call {other}"),
    })
}

fn instrument(given: &Arguments<'_>) -> Result<Instrument, Refused> {
    let decimals = |key| given.whole(key, 9, 4017);
    let (price_decimals, size_decimals) = (decimals("price_decimals")?, decimals("size_decimals")?);
    let contract = given.number("contract_size", scale_9)?.map_or(Ok(Contract::ONE), Contract::new);
    Ok(Instrument {
        symbol: given.text("symbol").to_owned(),
        price_decimals,
        size_decimals,
        contract: contract.map_err(|_| Refused::new(4017, "contract_size"))?,
        quote_currency: given.currency("quote_currency")?,
        leverage: given.number("leverage", scale_9)?,
        terms: terms(given)?,
    })
}

fn open<'a>(given: &Arguments<'a>, room: &'a mut Vec<Target>) -> Result<Open<'a>, Refused> {
    Ok(Open {
        symbol: given.text("symbol"),
        side: given.side()?,
        size: given.size()?.unwrap_or_default(),
        price: given.price("price")?,
        time: given.time_given()?,
        stop_loss: given.number("stop_loss", Price::parse)?,
        take_profit: given.number("take_profit", Price::parse)?,
        fee: given.number("fee", Money::parse)?,
        tag: given.note("tag")?,
        position_id: given.id("position_id")?,
        protection: given.protection(room)?,
    })
}

fn close<'a>(given: &Arguments<'a>) -> Result<Close<'a>, Refused> {
    Ok(Close {
        position_id: given.id("position_id")?.unwrap_or_default(),
        price: given.price("price")?,
        time: given.time_given()?,
        size: given.size()?,
        fee: given.number("fee", Money::parse)?,
        reason: given.note("reason")?,
    })
}

fn close_by(given: &Arguments<'_>) -> Result<CloseBy, Refused> {
    Ok(CloseBy {
        position_id: given.id("position_id")?.unwrap_or_default(),
        other_id: given.id("other_id")?.unwrap_or_default(),
        time: given.time_given()?,
        size: given.size()?,
        fee: given.number("fee", Money::parse)?,
    })
}

fn modify<'a>(given: &Arguments<'a>, room: &'a mut Vec<Target>) -> Result<Modify<'a>, Refused> {
    let (position_id, time) = (given.id("position_id")?.unwrap_or_default(), given.time_given()?);
    let (stop_loss, take_profit) = (given.level("stop_loss")?, given.level("take_profit")?);
    let trailing = given.level("trailing")?;
    let break_even = given.change("break_even", Arguments::break_even)?;
    let targets = given.change("targets", |given| {
        *room = given.targets()?;
        Ok(room.as_slice())
    })?;
    let exit_time = given.change("exit_time", |given| given.time("exit_time"))?;
    Ok(Modify {
        stop_loss,
        take_profit,
        trailing,
        break_even: flat(break_even),
        targets,
        exit_time: flat(exit_time),
        ..Modify::new(position_id, time)
    })
}

/// A change to nothing removes.
fn flat<T>(change: Change<Option<T>>) -> Change<T> {
    match change {
        Change::Set(Some(value)) => Change::Set(value),
        Change::Set(None) | Change::Remove => Change::Remove,
        Change::Keep => Change::Keep,
    }
}

/// What a type makes of a price.
type MakeKind = fn(Price) -> OrderKind;

/// The words for the type of an order, the default first.
const TYPES: [(&str, MakeKind); 3] =
    [("limit", OrderKind::Limit), ("stop", OrderKind::Stop), ("market", |_| OrderKind::Market)];

fn order<'a>(given: &Arguments<'a>, room: &'a mut Vec<Target>) -> Result<PlaceOrder<'a>, Refused> {
    let symbol = given.text("symbol");
    let (side, size) = (given.side()?, given.size()?.unwrap_or_default());
    let time = given.time_given()?;
    let kind = given.word("type", &TYPES, WRONG_ARGUMENT)?;
    let price = given.number("price", Price::parse)?;
    let kind = kind(price.unwrap_or_default());
    if price.is_some() == (kind == OrderKind::Market) {
        return Err(Refused::new(WRONG_ARGUMENT, "price"));
    }
    let expiry = given.time("expiry")?;
    let oco = given.note("oco")?;
    let stop_loss = given.number("stop_loss", Price::parse)?;
    let take_profit = given.number("take_profit", Price::parse)?;
    let protection = given.protection(room)?;
    Ok(PlaceOrder {
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
        tag: given.note("tag")?,
    })
}

/// Whether a currency is known is a rule that comes after the time (W8 and W9).
fn cash(ledger: &mut Ledger, given: &Arguments<'_>) -> Result<Cash, Refused> {
    let (amount, time) = (given.money("amount")?, given.time_given()?);
    if given.given("currency").is_some() {
        ledger.check_moment(time)?;
    }
    Ok(Cash { currency: given.currency("currency")?, ..Cash::new(amount, time) })
}

fn convert(ledger: &mut Ledger, given: &Arguments<'_>) -> Result<Convert, Refused> {
    let (amount, time) = (given.money("amount")?, given.time_given()?);
    let rate = given.number("rate", Money::parse)?;
    ledger.check_moment(time)?;
    let code = |key| {
        let known = Currency::parse(given.text(key));
        known.ok_or_else(|| Refused::new(4022, key))
    };
    let (from, to) = (code("from_currency")?, code("to_currency")?);
    Ok(Convert { amount, from, to, time, rate })
}

fn numbers(argument: &str, given: &Quoted) -> Result<Vec<Price>, Refused> {
    let read = |text: &String| read_number(argument, text, Price::parse);
    given.numbers.iter().map(read).collect()
}

fn quotes<'a>(argument: &str, given: &'a [Quoted]) -> Result<Vec<Quote<'a>>, Refused> {
    let read = |quote: &'a Quoted| {
        let prices = numbers(argument, quote)?;
        let (bid, ask) = (prices[0], *prices.last().unwrap());
        Ok(Quote { symbol: &quote.symbol, bid, ask })
    };
    given.iter().map(read).collect()
}

fn bars(given: &[Quoted]) -> Result<Vec<Bar<'_>>, Refused> {
    let mut bars = Vec::new();
    for quote in given {
        let prices = numbers("bars", quote)?;
        let [open, high, low, close] = [prices[0], prices[1], prices[2], prices[3]];
        let spread = prices.get(4).copied().unwrap_or_default();
        bars.push(Bar { symbol: &quote.symbol, open, high, low, close, spread });
    }
    Ok(bars)
}
