//! The calls of a case file, and what an interface converts on the way.
//!
//! The ledger takes numbers, not words: number texts, the calendar, and the words for sides, modes
//! and currencies (SPEC section 6) are read here, in the order of each call's signature.

use portfolio_core::columns::schema::View;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    BreakEven, Change, Level, Path, Protection, Side, TIME_MAX, TIME_MIN, Target,
};
use portfolio_core::instrument::check_text;
use portfolio_core::ledger::{Configuration, Ledger, Mode, OffGrid, Rounding};
use portfolio_core::numbers::{Money, NumberError, Price, Size, parse_decimal};
use portfolio_core::refusal::Refusal;

use super::events::{Room, event};
use super::terms::PATHS;
use super::values::groups;
use super::{Statement, Values};

/// A call that was not accepted, by the conversion of its arguments or by the ledger.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: u32,
    pub(crate) argument: String,
    pub(crate) text: String,
}

impl Refused {
    pub(super) fn new(code: u32, argument: &str) -> Self {
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
    /// Two closes against each other.
    Trades,
    /// How many trades it made.
    Count(usize),
}

/// The arguments of a call as an interface converts them.
pub(super) struct Arguments<'a>(pub(super) &'a Values);

impl<'a> Arguments<'a> {
    /// The text of a key; the empty one for `-` and for a key that is not there.
    pub(super) fn text(&self, key: &str) -> &'a str {
        self.given(key).unwrap_or_default()
    }

    pub(super) fn given(&self, key: &str) -> Option<&'a str> {
        self.0.get(key).and_then(Option::as_deref)
    }

    pub(super) fn number<T>(&self, key: &str, parse: Parse<T>) -> Result<Option<T>, Refused> {
        self.given(key).map(|text| read_number(key, text, parse)).transpose()
    }

    pub(super) fn money(&self, key: &str) -> Result<Money, Refused> {
        self.number(key, Money::parse).map(Option::unwrap_or_default)
    }

    pub(super) fn price(&self, key: &str) -> Result<Price, Refused> {
        self.number(key, Price::parse).map(Option::unwrap_or_default)
    }

    pub(super) fn size(&self) -> Result<Option<Size>, Refused> {
        self.number("size", Size::parse)
    }

    pub(super) fn time(&self, key: &str) -> Result<Option<i64>, Refused> {
        let read =
            |text: &str| text.parse().ok().filter(|time| (TIME_MIN..=TIME_MAX).contains(time));
        let Some(text) = self.given(key) else { return Ok(None) };
        read(text).map(Some).ok_or_else(|| Refused::new(4006, key))
    }

    pub(super) fn time_given(&self) -> Result<i64, Refused> {
        Ok(self.time("time")?.expect("the format asks for a time"))
    }

    /// An id; one that is none has the code of its argument.
    pub(super) fn id(&self, key: &str) -> Result<Option<u64>, Refused> {
        let code = if key == "order_id" { 4024 } else { 4014 };
        let read = |text: &str| text.parse().ok().filter(|id| *id > 0);
        let read = |text| read(text).ok_or_else(|| Refused::new(code, key));
        self.given(key).map(read).transpose()
    }

    pub(super) fn note(&self, key: &'static str) -> Result<&'a str, Refused> {
        let note = self.text(key);
        check_text(key, note)?;
        Ok(note)
    }

    pub(super) fn level(&self, key: &str) -> Result<Level, Refused> {
        self.change(key, |given| given.price(key))
    }

    /// What a modify does with a key: `-` removes, and one that is not there stays.
    pub(super) fn change<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Self) -> Result<T, Refused>,
    ) -> Result<Change<T>, Refused> {
        match self.0.get(key) {
            None => Ok(Change::Keep),
            Some(None) => Ok(Change::Remove),
            Some(Some(_)) => read(self).map(Change::Set),
        }
    }

    pub(super) fn break_even(&self) -> Result<Option<BreakEven>, Refused> {
        let key = "break_even";
        let Some(word) = self.given(key) else { return Ok(None) };
        let pair = groups(word, Some(2)).expect("the form of a pair was checked").concat();
        let price = |text: Option<&str>| read_number(key, text.unwrap_or_default(), Price::parse);
        Ok(Some(BreakEven { trigger: price(pair[0])?, offset: price(pair[1])? }))
    }

    pub(super) fn targets(&self) -> Result<Vec<Target>, Refused> {
        let key = "targets";
        let Some(word) = self.given(key) else { return Ok(Vec::new()) };
        let read = |pair: Vec<Option<&str>>| {
            let [price, size] = [pair[0], pair[1]].map(Option::unwrap_or_default);
            let price = read_number(key, price, Price::parse)?;
            Ok(Target { price, size: read_number(key, size, Size::parse)? })
        };
        let pairs = groups(word, Some(2)).expect("the form of pairs was checked");
        pairs.into_iter().map(read).collect()
    }

    /// What protects a position; the targets have their room with the caller.
    pub(super) fn protection<'r>(
        &self,
        room: &'r mut Vec<Target>,
    ) -> Result<Protection<'r>, Refused> {
        let trailing = self.number("trailing", Price::parse)?;
        let break_even = self.break_even()?;
        *room = self.targets()?;
        let exit_time = self.time("exit_time")?;
        Ok(Protection { trailing, break_even, targets: room, exit_time })
    }

    pub(super) fn side(&self) -> Result<Side, Refused> {
        Side::parse(self.text("side")).ok_or_else(|| Refused::new(4019, "side"))
    }

    /// A number of decimals, or of another count, that is refused with a code of its own.
    pub(super) fn whole(&self, key: &str, default: u32, code: u32) -> Result<u32, Refused> {
        let read = |text: &str| text.parse().map_err(|_| Refused::new(code, key));
        self.given(key).map_or(Ok(default), read)
    }

    pub(super) fn currency(&self, key: &str) -> Result<Option<Currency>, Refused> {
        let read = |code| Currency::parse(code).ok_or_else(|| Refused::new(4022, key));
        self.given(key).map(read).transpose()
    }

    /// Which of a few words a key is; the first one when it is not given.
    pub(super) fn word<T: Copy>(
        &self,
        key: &str,
        known: &[(&str, T)],
        code: u32,
    ) -> Result<T, Refused> {
        let word = self.given(key).unwrap_or(known[0].0);
        let found = known.iter().find(|(name, _)| *name == word);
        found.map(|(_, value)| *value).ok_or_else(|| Refused::new(code, key))
    }

    pub(super) fn path(&self, code: u32) -> Result<Option<Path>, Refused> {
        let given = self.given("path").is_some();
        self.word("path", &PATHS, code).map(|path| given.then_some(path))
    }
}

pub(super) type Parse<T> = fn(&str) -> Result<T, NumberError>;

pub(super) fn read_number<T>(argument: &str, text: &str, parse: Parse<T>) -> Result<T, Refused> {
    parse(text).map_err(|error| match error {
        NumberError::OutOfRange => Refused::new(4010, argument),
        _ => Refused::new(4011, argument),
    })
}

pub(super) fn scale_9(text: &str) -> Result<i128, NumberError> {
    parse_decimal(text, 9)
}

/// Creates the ledger of a case.
pub(crate) fn account(statement: &Statement) -> Result<Ledger, Refused> {
    let (given, wrong) = (Arguments(&statement.values), 4020);
    given.word("floats", &[("nearest", ()), ("strict", ())], wrong)?;
    let initial_balance = read_number("initial_balance", given.text("balance"), Money::parse)?;
    let modes = [("hedging", Mode::Hedging), ("netting", Mode::Netting)];
    let roundings = [("exact", Rounding::Exact), ("cents", Rounding::Cents)];
    let grids = [("refuse", OffGrid::Refuse), ("round", OffGrid::Round)];
    Ok(Ledger::new(Configuration {
        currency: given.currency("currency")?.unwrap_or(Currency::USD),
        leverage: given.number("leverage", scale_9)?.unwrap_or(1_000_000_000),
        mode: given.word("mode", &modes, wrong)?,
        rounding: given.word("rounding", &roundings, wrong)?,
        off_grid: given.word("off_grid", &grids, wrong)?,
        margin_call: given.number("margin_call", scale_9)?,
        stop_out: given.number("stop_out", scale_9)?,
        path: given.path(wrong)?.unwrap_or_default(),
        pivot: given.currency("pivot")?.unwrap_or(Currency::USD),
        ..Configuration::new(initial_balance)
    })?)
}

/// Makes a call; `margin` only asks.
pub(crate) fn call(ledger: &mut Ledger, statement: &Statement) -> Result<Given, Refused> {
    if statement.word == "margin" {
        return margin(ledger, &Arguments(&statement.values)).map(Given::Amount);
    }
    let trades = |ledger: &Ledger| ledger.trades(View::Float).expect("the table is made").rows;
    let (mut room, before) = (Room::default(), trades(ledger));
    let event = event(ledger, statement, &mut room)?;
    let receipt = ledger.apply(&event)?;
    assert_eq!(receipt.balance, ledger.account().balance);
    Ok(match statement.word.as_str() {
        "open" => Given::Id(receipt.position_id),
        "order" => Given::Id(receipt.order_id),
        "close" => Given::Trade,
        "close_by" => Given::Trades,
        "quotes" | "bar" => Given::Count(trades(ledger) - before),
        _ => Given::Nothing,
    })
}

fn margin(ledger: &Ledger, given: &Arguments<'_>) -> Result<Money, Refused> {
    match given.size()? {
        None => Ok(ledger.margin_used(given.given("symbol"))?),
        Some(size) => {
            Ok(ledger.margin_needed(given.text("symbol"), size, given.price("price")?)?)
        }
    }
}
