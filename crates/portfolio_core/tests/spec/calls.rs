//! The calls of a case file as events, and what an interface converts on the way.
//!
//! The ledger takes numbers, not words: number texts, the calendar, and the words for sides, modes
//! and currencies (SPEC section 6) are read here, in the order of each call's signature.

use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, Close, Event, Fee, Level, Marks, Modify, Open, Protection, Quote, Side, TIME_MAX,
    TIME_MIN,
};
use portfolio_core::instrument::{Instrument, check_text};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Contract, Money, NumberError, Price, Size, parse_decimal};
use portfolio_core::refusal::Refusal;

use super::{Statement, Values};

/// A call that was not accepted, by the conversion of its arguments or by the ledger.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: u32,
    pub(crate) argument: String,
    pub(crate) text: String,
}

impl Refused {
    fn new(code: u32, argument: &str) -> Self {
        let text = format!("{argument} is not converted");
        Self { code, argument: argument.to_owned(), text }
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (code, argument) = (refusal.code().number(), refusal.argument().to_owned());
        Self { code, argument, text: refusal.to_string() }
    }
}

/// What an accepted call gives back.
#[derive(Debug)]
pub(crate) enum Given {
    Nothing,
    Id(u64),
    Amount(Money),
    Trade,
}

/// The arguments of a call as an interface converts them.
struct Arguments<'a>(&'a Values);

impl<'a> Arguments<'a> {
    /// The text of a key; the empty one for `-` and for a key that is not there.
    fn text(&self, key: &str) -> &'a str {
        self.0.get(key).and_then(Option::as_deref).unwrap_or_default()
    }

    fn given(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).and_then(Option::as_deref)
    }

    fn number<T>(&self, key: &str, parse: Parse<T>) -> Result<Option<T>, Refused> {
        self.given(key).map(|text| read_number(key, text, parse)).transpose()
    }

    fn money(&self, key: &str) -> Result<Money, Refused> {
        self.number(key, Money::parse).map(Option::unwrap_or_default)
    }

    fn price(&self, key: &str) -> Result<Price, Refused> {
        self.number(key, Price::parse).map(Option::unwrap_or_default)
    }

    fn time(&self) -> Result<Option<i64>, Refused> {
        let read =
            |text: &str| text.parse().ok().filter(|time| (TIME_MIN..=TIME_MAX).contains(time));
        let Some(text) = self.given("time") else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Refused::new(4006, "time"))
    }

    fn time_given(&self) -> Result<i64, Refused> {
        Ok(self.time()?.expect("the format asks for a time"))
    }

    fn position_id(&self) -> Result<Option<u64>, Refused> {
        let read = |text: &str| text.parse().map_err(|_| Refused::new(4014, "position_id"));
        self.given("position_id").map(read).transpose()
    }

    fn note(&self, key: &'static str) -> Result<&'a str, Refused> {
        let note = self.text(key);
        check_text(key, note)?;
        Ok(note)
    }

    fn level(&self, key: &str) -> Result<Level, Refused> {
        match self.0.get(key) {
            None => Ok(Level::Keep),
            Some(None) => Ok(Level::Remove),
            Some(Some(text)) => read_number(key, text, Price::parse).map(Level::Set),
        }
    }

    fn decimals(&self, key: &str) -> Result<u32, Refused> {
        let read = |text: &str| text.parse().map_err(|_| Refused::new(4017, key));
        self.given(key).map_or(Ok(9), read)
    }

    fn currency(&self, key: &str) -> Result<Option<Currency>, Refused> {
        let read = |code| Currency::parse(code).ok_or_else(|| Refused::new(4022, key));
        self.given(key).map(read).transpose()
    }

    fn word(&self, key: &str, known: &[&str]) -> Result<(), Refused> {
        let fits = self.given(key).is_none_or(|word| known.contains(&word));
        if fits { Ok(()) } else { Err(Refused::new(4020, key)) }
    }
}

type Parse<T> = fn(&str) -> Result<T, NumberError>;

fn read_number<T>(argument: &str, text: &str, parse: Parse<T>) -> Result<T, Refused> {
    parse(text).map_err(|error| match error {
        NumberError::OutOfRange => Refused::new(4010, argument),
        _ => Refused::new(4011, argument),
    })
}

fn scale_9(text: &str) -> Result<i128, NumberError> {
    parse_decimal(text, 9)
}

/// Creates the ledger of a case.
pub(crate) fn account(statement: &Statement) -> Result<Ledger, Refused> {
    let given = Arguments(&statement.values);
    given.word("floats", &["nearest", "strict"])?;
    let initial_balance = read_number("initial_balance", given.text("balance"), Money::parse)?;
    let currency = given.currency("currency")?.unwrap_or(Currency::USD);
    let leverage = given.number("leverage", scale_9)?.unwrap_or(1_000_000_000);
    given.word("mode", &["hedging"])?;
    let configuration = Configuration { currency, leverage, ..Configuration::new(initial_balance) };
    Ok(Ledger::new(configuration)?)
}

fn instrument(given: &Arguments<'_>) -> Result<Instrument, Refused> {
    let (price_decimals, size_decimals) =
        (given.decimals("price_decimals")?, given.decimals("size_decimals")?);
    let contract = given.number("contract_size", scale_9)?.map_or(Ok(Contract::ONE), Contract::new);
    Ok(Instrument {
        symbol: given.text("symbol").to_owned(),
        price_decimals,
        size_decimals,
        contract: contract.map_err(|_| Refused::new(4017, "contract_size"))?,
        quote_currency: given.currency("quote_currency")?,
        leverage: given.number("leverage", scale_9)?,
        terms: None,
    })
}

fn open<'a>(given: &Arguments<'a>) -> Result<Open<'a>, Refused> {
    Ok(Open {
        symbol: given.text("symbol"),
        side: Side::parse(given.text("side")).ok_or_else(|| Refused::new(4019, "side"))?,
        size: given.number("size", Size::parse)?.unwrap_or_default(),
        price: given.price("price")?,
        time: given.time_given()?,
        stop_loss: given.number("stop_loss", Price::parse)?,
        take_profit: given.number("take_profit", Price::parse)?,
        fee: Some(given.money("fee")?),
        tag: given.note("tag")?,
        position_id: given.position_id()?,
        protection: Protection::NONE,
    })
}

fn close<'a>(given: &Arguments<'a>) -> Result<Close<'a>, Refused> {
    Ok(Close {
        position_id: given.position_id()?.unwrap_or_default(),
        price: given.price("price")?,
        time: given.time_given()?,
        size: given.number("size", Size::parse)?,
        fee: Some(given.money("fee")?),
        reason: given.note("reason")?,
    })
}

fn quotes(given: &[super::Quote]) -> Result<Vec<Quote<'_>>, Refused> {
    let read = |quote: &'_ super::Quote| {
        let bid = read_number("prices", &quote.bid, Price::parse)?;
        let ask = quote.ask.as_deref().map(|ask| read_number("prices", ask, Price::parse));
        Ok((bid, ask.transpose()?.unwrap_or(bid)))
    };
    let pairs = given.iter().map(|quote| (quote.symbol.as_str(), read(quote)));
    pairs.map(|(symbol, pair)| pair.map(|(bid, ask)| Quote { symbol, bid, ask })).collect()
}

/// Makes a call; `margin` only asks.
pub(crate) fn call(ledger: &mut Ledger, statement: &Statement) -> Result<Given, Refused> {
    let given = Arguments(&statement.values);
    let quotes = quotes(&statement.quotes)?;
    let marks = |time| Marks { time, quotes: &quotes };
    let cash = || {
        Ok::<_, Refused>(Cash {
            amount: given.money("amount")?,
            time: given.time_given()?,
            currency: None,
        })
    };
    let event = match statement.word.as_str() {
        "instrument" => Event::RegisterInstrument(instrument(&given)?),
        "open" => Event::Open(open(&given)?),
        "close" => Event::Close(close(&given)?),
        "modify" => Event::Modify(Modify {
            stop_loss: given.level("stop_loss")?,
            take_profit: given.level("take_profit")?,
            ..Modify::new(given.position_id()?.unwrap_or_default(), given.time_given()?)
        }),
        "mark" => Event::Mark(marks(given.time()?)),
        "update_equity" => Event::UpdateEquity(marks(given.time()?)),
        "fee" => Event::Fee(Fee {
            amount: given.money("amount")?,
            time: given.time_given()?,
            position_id: given.position_id()?,
        }),
        "deposit" => Event::Deposit(cash()?),
        "withdraw" => Event::Withdraw(cash()?),
        "margin" => return margin(ledger, &given).map(Given::Amount),
        other => panic!("no call {other}"),
    };
    let receipt = ledger.apply(&event)?;
    assert_eq!(receipt.balance, ledger.account().balance);
    Ok(match event {
        Event::Open(_) => Given::Id(receipt.position_id),
        Event::Close(_) => Given::Trade,
        _ => Given::Nothing,
    })
}

fn margin(ledger: &Ledger, given: &Arguments<'_>) -> Result<Money, Refused> {
    match given.number("size", Size::parse)? {
        None => Ok(ledger.margin_used(given.given("symbol"))?),
        Some(size) => {
            Ok(ledger.margin_needed(given.text("symbol"), size, given.price("price")?)?)
        }
    }
}
