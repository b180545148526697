//! The order of the checks of each call: everything is wrong at first, one fault after the other is
//! mended, and the answer is always the first rule that is still broken.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod example;

use example::{
    cash, close, configuration, declared, instrument, ledger, modify, money, name, open, price,
    quote, refuse, size,
};
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, Close, Event, Fee, Level, Marks, Modify, Open, Quote, TIME_MAX, TIME_MIN,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Contract, LIMIT, Money, Price, Size};

/// The greatest number there is.
const MOST: i128 = LIMIT - 1;

/// A ledger and the answers that it gave so far.
struct Trial {
    ledger: Ledger,
    answers: Vec<String>,
}

impl Trial {
    fn new() -> Self {
        Self { ledger: ledger(), answers: Vec::new() }
    }

    fn refuse(&mut self, event: &Event<'_>) {
        let refusal = refuse(&mut self.ledger, event);
        let variant = name(&refusal);
        assert!(declared().contains(&variant.as_str()), "{variant}");
        self.answers.push(format!("{variant} {}", refusal.argument()));
    }

    /// Everything is mended; these were the answers. A variant comes up for the first time in the
    /// order in which the variants are declared.
    fn accept(mut self, event: &Event<'_>, answers: &[&str]) {
        self.ledger.apply(event).unwrap_or_else(|refusal| panic!("{refusal}"));
        self.ledger.verify().unwrap();
        assert_eq!(self.answers, answers);
        let variants = answers.iter().map(|answer| answer.split(' ').next().unwrap());
        let mut firsts: Vec<usize> = Vec::new();
        for variant in variants {
            let place = declared().iter().position(|known| *known == variant).unwrap();
            if !firsts.contains(&place) {
                firsts.push(place);
            }
        }
        assert!(firsts.is_sorted(), "{answers:?}");
    }
}

#[test]
fn a_configuration() {
    let mut wrong = Configuration {
        initial_balance: money("-1"),
        leverage: 0,
        capacity: Some(usize::MAX),
        ..configuration()
    };
    let refused = |wrong: &Configuration| name(&Ledger::new(wrong.clone()).unwrap_err());
    assert_eq!(refused(&wrong), "InitialBalanceNegative");
    wrong.initial_balance = Money::ZERO;
    assert_eq!(refused(&wrong), "LeverageMustBePositive");
    wrong.leverage = 1;
    let ledger = Ledger::new(wrong.clone()).unwrap();
    assert_eq!(*ledger.configuration(), wrong, "a capacity that cannot be had is only a hint");
}

#[test]
fn register_instrument() {
    let mut trial = Trial::new();
    let mut wrong = Instrument {
        symbol: " ACME".to_owned(),
        price_decimals: 10,
        size_decimals: 10,
        contract: Contract::new(1).unwrap(),
        quote_currency: Currency::parse("EUR"),
        leverage: Some(0),
        terms: None,
    };
    let mut refuse = |wrong: &Instrument| trial.refuse(&Event::RegisterInstrument(wrong.clone()));
    refuse(&wrong);
    wrong.symbol = "ACME".to_owned();
    refuse(&wrong);
    wrong.price_decimals = 9;
    refuse(&wrong);
    wrong.size_decimals = 9;
    refuse(&wrong);
    wrong.leverage = None;
    refuse(&wrong);
    wrong.contract = Contract::ONE;
    wrong.quote_currency = None;
    refuse(&wrong);
    let answers = [
        "SymbolNotAllowed symbol",
        "DecimalsTooMany price_decimals",
        "DecimalsTooMany size_decimals",
        "InstrumentLeverageMustBePositive leverage",
        "DigitsDoNotFitMoney contract_size",
        "InstrumentRegisteredOtherwise symbol",
    ];
    trial.accept(&Event::RegisterInstrument(instrument()), &answers);
}

#[test]
fn open_position() {
    let mut trial = Trial::new();
    let mut wrong = Open {
        symbol: "",
        size: size("0"),
        price: price("0"),
        time: 9,
        stop_loss: Some(price("0")),
        take_profit: Some(price("0")),
        tag: "\0",
        position_id: Some(0),
        ..open()
    };
    // Text and id belong to no rule of the ledger's state; the interfaces convert them first.
    let faults: [fn(&mut Open<'_>); 15] = [
        |open| open.position_id = Some(1),
        |open| open.tag = "",
        |open| open.time = 10,
        |open| open.symbol = "ACME",
        |open| open.size = size("10.05"),
        |open| open.size = size("10"),
        |open| open.price = price("100.001"),
        |open| open.price = price("100"),
        |open| open.stop_loss = Some(price("100.001")),
        |open| open.stop_loss = Some(price("100.01")),
        |open| open.stop_loss = Some(price("99.99")),
        |open| open.take_profit = Some(price("100.001")),
        |open| open.take_profit = Some(price("100")),
        |open| open.take_profit = Some(price("100.01")),
        |open| open.position_id = None,
    ];
    for mend in faults {
        trial.refuse(&Event::Open(wrong));
        mend(&mut wrong);
    }
    trial.refuse(&Event::Open(wrong));
    wrong.size = size("1");
    let answers = [
        "PositionIdZero position_id",
        "TextNotAllowed tag",
        "TimeRunsBackwards time",
        "SymbolNotAllowed symbol",
        "SizeMustBePositive size",
        "SizeOffGrid size",
        "PriceMustBePositive price",
        "PriceOffGrid price",
        "LevelMustBePositive stop_loss",
        "LevelOffGrid stop_loss",
        "LevelOnWrongSide stop_loss",
        "LevelMustBePositive take_profit",
        "LevelOffGrid take_profit",
        "LevelOnWrongSide take_profit",
        "PositionIdUsed position_id",
        "MarginNotFree size",
    ];
    trial.accept(&Event::Open(wrong), &answers);
}

/// A cost out of range is named before the margin that nobody could compute from it.
#[test]
fn open_position_beyond_the_range() {
    let mut trial = Trial::new();
    let most = Size::from_raw(MOST / 10_i128.pow(9) * 10_i128.pow(9)).unwrap();
    let mut wrong = Open { size: most, position_id: Some(0), time: TIME_MAX + 1, ..open() };
    trial.refuse(&Event::Open(wrong));
    wrong.position_id = None;
    trial.refuse(&Event::Open(wrong));
    wrong.time = TIME_MAX;
    trial.refuse(&Event::Open(wrong));
    wrong.price = price("0.01");
    wrong.size = size("100000000000000000");
    trial.refuse(&Event::Open(wrong));
    wrong.size = size("1");
    let answers = [
        "PositionIdZero position_id",
        "TimeOutOfRange time",
        "ResultOutOfRange size",
        "MarginNotFree size",
    ];
    trial.accept(&Event::Open(wrong), &answers);
}

#[test]
fn close_position() {
    let mut trial = Trial::new();
    let mut wrong = Close {
        position_id: 0,
        price: price("0"),
        time: 9,
        size: Some(Size::ZERO),
        fee: Some(Money::from_raw(-MOST).unwrap()),
        reason: "\0",
    };
    let faults: [fn(&mut Close<'_>); 9] = [
        |close| close.position_id = 2,
        |close| close.reason = "",
        |close| close.time = 10,
        |close| close.position_id = 1,
        |close| close.size = Some(size("2.05")),
        |close| close.size = Some(size("2.1")),
        |close| close.size = None,
        |close| close.price = price("100.001"),
        |close| close.price = price("100"),
    ];
    for mend in faults {
        trial.refuse(&Event::Close(wrong));
        mend(&mut wrong);
    }
    trial.refuse(&Event::Close(wrong));
    let answers = [
        "PositionIdZero position_id",
        "TextNotAllowed reason",
        "TimeRunsBackwards time",
        "PositionNotFound position_id",
        "SizeMustBePositive size",
        "SizeOffGrid size",
        "SizeAboveHeld size",
        "PriceMustBePositive price",
        "PriceOffGrid price",
        "ResultOutOfRange price",
    ];
    trial.accept(&Event::Close(close()), &answers);
}

#[test]
fn modify_position() {
    let mut trial = Trial::new();
    let mut wrong = Modify::new(0, 9);
    let set = |text| Level::Set(price(text));
    let faults: [&dyn Fn(&mut Modify<'_>); 10] = [
        &|modify| modify.position_id = 2,
        &|modify| (modify.stop_loss, modify.take_profit) = (set("0"), set("0")),
        &|modify| modify.time = 10,
        &|modify| modify.position_id = 1,
        &|modify| modify.stop_loss = set("100.001"),
        &|modify| modify.stop_loss = set("100"),
        &|modify| modify.stop_loss = set("99.99"),
        &|modify| modify.take_profit = set("99.999"),
        &|modify| modify.take_profit = set("100"),
        &|modify| modify.take_profit = set("100.01"),
    ];
    let (last, faults) = faults.split_last().unwrap();
    for mend in faults {
        trial.refuse(&Event::Modify(wrong));
        mend(&mut wrong);
    }
    trial.refuse(&Event::Modify(wrong));
    last(&mut wrong);
    let answers = [
        "PositionIdZero position_id",
        "NothingToModify stop_loss",
        "TimeRunsBackwards time",
        "PositionNotFound position_id",
        "LevelMustBePositive stop_loss",
        "LevelOffGrid stop_loss",
        "LevelOnWrongSide stop_loss",
        "LevelMustBePositive take_profit",
        "LevelOffGrid take_profit",
        "LevelOnWrongSide take_profit",
    ];
    trial.accept(&Event::Modify(wrong), &answers);
    let mut again = Trial::new();
    again.refuse(&Event::Modify(Modify { time: TIME_MIN, ..modify() }));
    again.accept(&Event::Modify(modify()), &["TimeRunsBackwards time"]);
}

fn mark(marks: Marks<'_>) -> Event<'_> {
    Event::Mark(marks)
}

fn update_equity(marks: Marks<'_>) -> Event<'_> {
    Event::UpdateEquity(marks)
}

/// A quote that is allowed, and out of range with what is held.
#[expect(clippy::arithmetic_side_effects, reason = "the digits of a constant")]
fn wide() -> Quote<'static> {
    let most = Price::from_raw(MOST / 10_i128.pow(9) * 10_i128.pow(9)).unwrap();
    Quote { symbol: "ACME", bid: most, ask: most }
}

/// Marks and equity updates have the same checks, quote after quote; the range of all comes last.
#[test]
fn quotes() {
    let calls: [fn(Marks<'_>) -> Event<'_>; 2] = [mark, update_equity];
    for event in calls {
        let mut trial = Trial::new();
        let wide = wide();
        let refused: [(i64, &[Quote<'_>]); 8] = [
            (9, &[quote("", "0", "0")]),
            (10, &[quote("", "0", "0"), quote("ACME", "0", "0")]),
            (10, &[quote("ACME", "0", "0"), quote("", "0", "0")]),
            (10, &[quote("ACME", "0.001", "0")]),
            (10, &[quote("ACME", "2", "0")]),
            (10, &[quote("ACME", "2", "1.001")]),
            (10, &[quote("ACME", "2", "1"), quote("ACME", "0", "0")]),
            (10, &[wide]),
        ];
        for (time, quotes) in refused {
            trial.refuse(&event(Marks { time: Some(time), quotes }));
        }
        let answers = [
            "TimeRunsBackwards time",
            "SymbolNotAllowed symbol",
            "PriceMustBePositive prices",
            "PriceOffGrid prices",
            "PriceMustBePositive prices",
            "PriceOffGrid prices",
            "QuoteCrossed prices",
            "ResultOutOfRange prices",
        ];
        let quotes = [quote("ACME", "1", "2"), quote("B", "1", "2")];
        trial.accept(&event(Marks { time: Some(10), quotes: &quotes }), &answers);
    }
}

/// A symbol that comes twice is named before its prices, and after all quotes before it.
#[test]
fn quotes_after_quotes() {
    let mut trial = Trial::new();
    let (first, last) = (quote("ACME", "1", "2"), quote("ACME", "0", "0"));
    for middle in [quote("B", "1", "2"), quote("B", "2", "1")] {
        trial.refuse(&Event::Mark(Marks { time: None, quotes: &[first, middle, last] }));
    }
    trial.refuse(&Event::Mark(Marks { time: None, quotes: &[wide(), last] }));
    let answers = ["SymbolTwice symbol", "QuoteCrossed prices", "SymbolTwice symbol"];
    trial.accept(&Event::Mark(Marks { time: None, quotes: &[first] }), &answers);
}

/// With many quotes a set finds the symbol that comes twice.
#[test]
fn many_quotes() {
    let mut trial = Trial::new();
    let symbols: Vec<String> = (0..40).map(|number| format!("S{number}")).collect();
    let mut quotes: Vec<Quote<'_>> = symbols.iter().map(|symbol| quote(symbol, "1", "2")).collect();
    quotes.push(quote("S7", "1", "2"));
    trial.refuse(&Event::Mark(Marks { time: None, quotes: &quotes }));
    quotes.pop();
    let marks = Marks { time: None, quotes: &quotes };
    trial.accept(&Event::UpdateEquity(marks), &["SymbolTwice symbol"]);
}

#[test]
fn charge_fee() {
    let mut trial = Trial::new();
    let mut wrong = Fee { amount: Money::ZERO, time: 9, position_id: Some(0) };
    trial.refuse(&Event::Fee(wrong));
    wrong.position_id = Some(2);
    trial.refuse(&Event::Fee(wrong));
    wrong.time = 10;
    trial.refuse(&Event::Fee(wrong));
    wrong.position_id = Some(1);
    trial.refuse(&Event::Fee(wrong));
    wrong.amount = Money::from_raw(-MOST).unwrap();
    trial.refuse(&Event::Fee(wrong));
    wrong.amount = money("-1");
    let answers = [
        "PositionIdZero position_id",
        "TimeRunsBackwards time",
        "PositionNotFound position_id",
        "FeeIsZero amount",
        "ResultOutOfRange amount",
    ];
    trial.accept(&Event::Fee(wrong), &answers);
}

/// A kind of event that moves cash.
type Call = fn(Cash) -> Event<'static>;

#[test]
fn deposit_and_withdraw() {
    let most = Money::from_raw(MOST).unwrap();
    let calls: [(Call, &str); 2] =
        [(Event::Deposit, "ResultOutOfRange amount"), (Event::Withdraw, "FundsNotFree amount")];
    for (event, beyond) in calls {
        let mut trial = Trial::new();
        trial.refuse(&event(Cash { time: 9, ..cash("0") }));
        trial.refuse(&event(cash("0")));
        trial.refuse(&event(Cash { amount: most, time: 10, currency: None }));
        let answers = ["TimeRunsBackwards time", "AmountMustBePositive amount", beyond];
        trial.accept(&event(cash("1")), &answers);
    }
}
