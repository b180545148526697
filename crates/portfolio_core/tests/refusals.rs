//! Each refusal in turn, brought about by a real event: its code, its argument, its words, and
//! that nothing changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod example;

use std::collections::BTreeSet;

use example::{
    cash, close, configuration, declared, instrument, ledger, modify, money, name, open, price,
    quote, refuse, size,
};
use portfolio_core::currency::Currency;
use portfolio_core::event::{Cash, Close, Event, Fee, Level, Marks, Modify, Open, Quote, TIME_MAX};
use portfolio_core::instrument::Instrument;
use portfolio_core::journal::JournalError;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Contract, LIMIT, Money, Price};
use portfolio_core::refusal::{LevelKind, Refusal};

fn refuse_new(change: Configuration) -> Refusal {
    Ledger::new(change).unwrap_err()
}

fn refuse_marks(quotes: &[Quote<'_>]) -> Refusal {
    refuse(&mut ledger(), &Event::Mark(Marks { time: None, quotes }))
}

fn refuse_instrument(instrument: Instrument) -> Refusal {
    refuse(&mut ledger(), &Event::RegisterInstrument(instrument))
}

/// What an event has to bring about: variant, text.
type Row = (&'static str, &'static str, fn() -> Refusal);

const ROWS: [Row; 32] = [
    (
        "InitialBalanceNegative",
        "[4009] initial_balance=-0.01: must not be negative; pass 0 or more",
        || refuse_new(Configuration { initial_balance: money("-0.01"), ..configuration() }),
    ),
    (
        "LeverageMustBePositive",
        "[4020] leverage=-0.5: must be greater than 0; pass 1 for an account without leverage",
        || refuse_new(Configuration { leverage: -500_000_000, ..configuration() }),
    ),
    (
        "TimeRunsBackwards",
        "[4006] time=1970-01-01T00:00:00.000009+00:00: is before the last event's \
         1970-01-01T00:00:00.000010+00:00; send events in the order of their times",
        || refuse(&mut ledger(), &Event::Open(Open { time: 9, ..open() })),
    ),
    (
        "TimeOutOfRange",
        "[4006] time=253402300800000000: is outside the years 1 to 9999; pass microseconds since \
         1970-01-01 UTC",
        || refuse(&mut ledger(), &Event::Close(Close { time: TIME_MAX + 1, ..close() })),
    ),
    (
        "PositionNotFound",
        "[4001] position_id=2: no open position has this id; look at positions for the open ids",
        || refuse(&mut ledger(), &Event::Close(Close { position_id: 2, ..close() })),
    ),
    (
        "SymbolNotAllowed",
        "[4012] symbol=\"\": a symbol has 1 to 255 bytes of UTF-8; pass the symbol as your data \
         source spells it",
        || refuse(&mut ledger(), &Event::Open(Open { symbol: "", ..open() })),
    ),
    (
        "SymbolNotAllowed",
        "[4012] symbol=\"A\\u{7f}\": a symbol has no control characters; pass the symbol as your \
         data source spells it",
        || refuse_marks(&[quote("A\u{7F}", "1", "1")]),
    ),
    (
        "SymbolNotAllowed",
        "[4012] symbol=\"A\\u{3000}\": a symbol has no white space at its ends; pass the symbol \
         as your data source spells it",
        || refuse_instrument(Instrument { symbol: "A\u{3000}".to_owned(), ..instrument() }),
    ),
    ("TextNotAllowed", "[4013] tag=\"a\\0b\": holds a NUL; pass a shorter plain text", || {
        refuse(&mut ledger(), &Event::Open(Open { tag: "a\0b", ..open() }))
    }),
    (
        "SizeMustBePositive",
        "[4003] size=-1: must be greater than 0; pass a positive size and choose the direction \
         with side",
        || refuse(&mut ledger(), &Event::Open(Open { size: size("-1"), ..open() })),
    ),
    (
        "SizeOffGrid",
        "[4003] size=1.05: the instrument has 1 decimals; round the size or register the \
         instrument with more",
        || refuse(&mut ledger(), &Event::Close(Close { size: Some(size("1.05")), ..close() })),
    ),
    (
        "SizeAboveHeld",
        "[4003] size=2.1: the position holds 2; pass at most what is held, or no size to close all",
        || refuse(&mut ledger(), &Event::Close(Close { size: Some(size("2.1")), ..close() })),
    ),
    (
        "PriceMustBePositive",
        "[4005] prices=0: must be greater than 0; pass the price of the fill or quote",
        || refuse_marks(&[quote("ACME", "0", "1")]),
    ),
    (
        "PriceOffGrid",
        "[4005] price=1.001: the instrument has 2 decimals; round the price or register the \
         instrument with more",
        || refuse(&mut ledger(), &Event::Close(Close { price: price("1.001"), ..close() })),
    ),
    (
        "QuoteCrossed",
        "[4015] prices=ACME: (1.01, 1): the bid is above the ask; pass (bid, ask) in this order",
        || refuse_marks(&[quote("NEW", "5", "6"), quote("ACME", "1.01", "1")]),
    ),
    (
        "SymbolTwice",
        "[4024] symbol=\"ACME\": comes twice in one call; pass one quote per symbol",
        || refuse_marks(&[quote("ACME", "1", "1"), quote("B", "1", "1"), quote("ACME", "1", "1")]),
    ),
    (
        "LevelMustBePositive",
        "[4008] take_profit=0: must be greater than 0; pass a price, or None for no level",
        || refuse(&mut ledger(), &Event::Open(Open { take_profit: Some(Price::ZERO), ..open() })),
    ),
    (
        "LevelOffGrid",
        "[4007] stop_loss=99.999: the instrument has 2 decimals; round the price or register the \
         instrument with more",
        || {
            let stop_loss = Level::Set(price("99.999"));
            refuse(&mut ledger(), &Event::Modify(Modify { stop_loss, ..modify() }))
        },
    ),
    (
        "LevelOnWrongSide",
        "[4007] stop_loss=100: must be below the market's 100; check the side, or close the \
         position instead",
        || refuse(&mut ledger(), &Event::Open(Open { stop_loss: Some(price("100")), ..open() })),
    ),
    (
        "LevelOnWrongSide",
        "[4008] take_profit=99: must be above the market's 100; check the side, or close the \
         position instead",
        || refuse(&mut ledger(), &Event::Open(Open { take_profit: Some(price("99")), ..open() })),
    ),
    (
        "NothingToModify",
        "[4024] stop_loss=UNSET: neither stop_loss nor take_profit is given; give at least one \
         level, or None to remove it",
        || refuse(&mut ledger(), &Event::Modify(Modify { stop_loss: Level::Keep, ..modify() })),
    ),
    (
        "PositionIdZero",
        "[4014] position_id=0: an id is a whole number from 1 to 2^64 - 1; leave position_id out \
         to get the next number",
        || refuse(&mut ledger(), &Event::Open(Open { position_id: Some(0), ..open() })),
    ),
    (
        "PositionIdUsed",
        "[4004] position_id=1: was used in this portfolio before; choose another id or leave it \
         out",
        || refuse(&mut ledger(), &Event::Open(Open { position_id: Some(1), ..open() })),
    ),
    (
        "AmountMustBePositive",
        "[4009] amount=-5: must be greater than 0; choose deposit or withdraw for the direction",
        || refuse(&mut ledger(), &Event::Deposit(cash("-5"))),
    ),
    ("FeeIsZero", "[4009] amount=0: a fee of 0 is no event; leave the call out", || {
        let fee = Fee { amount: Money::ZERO, time: 10, position_id: Some(1) };
        refuse(&mut ledger(), &Event::Fee(fee))
    }),
    (
        "FundsNotFree",
        "[4016] amount=800.01: is above the free margin of 800; withdraw less or close positions \
         first",
        || refuse(&mut ledger(), &Event::Withdraw(cash("800.01"))),
    ),
    (
        "MarginNotFree",
        "[4002] size=margin 800: is above the free margin of 799.5 after the fee; open less, \
         deposit, or raise the leverage",
        || {
            let open = Open { size: size("8"), fee: Some(money("0.5")), ..open() };
            refuse(&mut ledger(), &Event::Open(open))
        },
    ),
    (
        "ResultOutOfRange",
        "[4010] amount=99999999999999999999.999999999999999999: the result has more than 38 \
         digits; use smaller numbers",
        || {
            let amount = Money::from_raw(LIMIT - 1).unwrap();
            refuse(&mut ledger(), &Event::Deposit(Cash { amount, time: 10, currency: None }))
        },
    ),
    (
        "DecimalsTooMany",
        "[4017] size_decimals=10: must be from 0 to 9; pass the digits of the instrument's grid",
        || refuse_instrument(Instrument { size_decimals: 10, ..instrument() }),
    ),
    (
        "DigitsDoNotFitMoney",
        "[4017] contract_size=9 + 9 + 1 decimals: price, size and contract size have more than 18 \
         decimals together; give the instrument fewer decimals",
        || {
            let contract = Contract::new(500_000_000).unwrap();
            refuse_instrument(Instrument { contract, ..Instrument::default_for("B") })
        },
    ),
    (
        "InstrumentLeverageMustBePositive",
        "[4017] leverage=0: must be greater than 0; pass 1 for an account without leverage",
        || refuse_instrument(Instrument { leverage: Some(0), ..instrument() }),
    ),
    (
        "InstrumentRegisteredOtherwise",
        "[4018] symbol=\"ACME\": is registered with another definition; register an instrument \
         before its first use, and once",
        || refuse_instrument(Instrument { price_decimals: 3, ..instrument() }),
    ),
];

/// Refusals that no plain event brings about, and why; how they are worded.
const NOT_CAUSED: [(&str, &str, Refusal); 2] = [
    (
        "needs 2^32 - 2 open positions or symbols, which take 700 GB and more",
        "[4021] position_id=4294967295: at most 4294967294 can be numbered; split the work over \
         several portfolios",
        Refusal::TooMany { what: "position_id" },
    ),
    (
        "needs an allocator that refuses: see memory.rs",
        "[4090] memory=425984 bytes: the allocator refused; free memory or split the work",
        Refusal::OutOfMemory { bytes: 425_984 },
    ),
];

/// Refusals of accounts that are not plain ones, which account.rs and others bring about.
fn of_accounts() -> Vec<(&'static str, Refusal)> {
    let [one, two] = ["1.1", "0.25"].map(price);
    let [euro, dollar] = ["EUR", "USD"].map(|code| Currency::parse(code).unwrap());
    let level = LevelKind::StopLoss;
    let own = |text: &str| text.to_owned();
    vec![
        (
            "[4020] stop_out=90: must not be above margin_call; \
             choose another value or leave it out",
            Refusal::SettingNotAllowed {
                argument: "stop_out",
                value: own("90"),
                rule: "must not be above margin_call",
            },
        ),
        (
            "[4017] swap.zone='Mars': must be an IANA name with an area, such as Europe/London, or \
             UTC; look up the terms of the instrument",
            Refusal::TermNotAllowed {
                argument: "swap.zone",
                value: own("'Mars'"),
                rule: "must be an IANA name with an area, such as Europe/London, or UTC",
            },
        ),
        (
            "[4005] price=1.1: must be a multiple of the tick 0.25; round the price, or set \
             off_grid='round'",
            Refusal::PriceOffTick { argument: "price", price: one, tick: two },
        ),
        (
            "[4007] stop_loss=1.1: must be a multiple of the tick 0.25; round the price, or set \
             off_grid='round'",
            Refusal::LevelOffTick { level, price: one, tick: two },
        ),
        (
            "[4003] size=1.1: must be a multiple of the lot step 0.5; round the size, or set \
             off_grid='round'",
            Refusal::SizeOffStep { size: size("1.1"), step: size("0.5") },
        ),
        (
            "[4003] size=1: is below the least size 2; pass a size that the instrument takes",
            Refusal::SizeOutside { size: size("1"), limit: size("2"), above: false },
        ),
        (
            "[4001] other_id=7: no open position has this id; look at positions for the open ids",
            Refusal::OtherNotFound { other_id: 7 },
        ),
        (
            "[4012] symbol=\"X\": was never registered or used; register the instrument first",
            Refusal::SymbolUnknown { symbol: own("X") },
        ),
        (
            "[4024] to_currency=USD: must be another currency; look up what the call takes",
            Refusal::ArgumentNotAllowed {
                argument: "to_currency",
                value: own("USD"),
                rule: "must be another currency",
            },
        ),
        (
            "[4025] symbol=EUR/USD: no marked pair leads to the account's currency; register the \
             pair with its base currency and mark it first",
            Refusal::RateMissing { argument: "symbol", currency: euro, account: dollar },
        ),
    ]
}

fn of_accounts_and_orders() -> Vec<(&'static str, Refusal)> {
    [of_accounts(), of_orders()].concat()
}

/// Refusals of costs, currencies, orders and bars, with their words.
fn of_orders() -> Vec<(&'static str, Refusal)> {
    let (one, euro) = (price("1.1"), Currency::parse("EUR").unwrap());
    let own = |text: &str| text.to_owned();
    vec![
        (
            "[4005] rate=0: must be greater than 0; pass what one unit buys, or leave it out",
            Refusal::RateMustBePositive { rate: Money::ZERO },
        ),
        (
            "[4016] amount=2: is above the cash of 1 EUR; look at the cash that is held",
            Refusal::CashNotHeld { amount: money("2"), held: money("1"), currency: euro },
        ),
        (
            "[4006] pay_time=1970-01-01T00:00:00.000004+00:00: is before the event's \
             1970-01-01T00:00:00.000005+00:00; pass a time at or after the event's",
            Refusal::TimeBeforeEvent { argument: "pay_time", time: 4, event: 5 },
        ),
        (
            "[4028] time=1970-01-01T00:00:00.000005+00:00: is no rollover of the instrument that \
             is still to be charged; look at the rollover times of the instrument",
            Refusal::RolloverOffSession { time: 5 },
        ),
        (
            "[4026] trailing=0: must be greater than 0; look up what protects a position",
            Refusal::ProtectionNotAllowed {
                argument: "trailing",
                value: own("0"),
                rule: "must be greater than 0",
            },
        ),
        (
            "[4027] order_id=3: no resting order has this id; look at the resting orders for their \
             ids",
            Refusal::OrderNotFound { order_id: 3 },
        ),
        (
            "[4029] low=1.1: is above the open; look at the data, or repair the bar",
            Refusal::BarNotAllowed { argument: "low", price: one, rule: "is above the open" },
        ),
        (
            "[4006] time=1970-01-01T00:00:00.000005+00:00: is not after the symbol's last bar at \
             1970-01-01T00:00:00.000007+00:00; pass one bar per symbol and time, in the \
             order of times",
            Refusal::BarNotLater { time: 5, last: 7 },
        ),
        (
            "[4056] portfolio=closed: takes no more events; open its journal again with \
             open_journal, or fork it",
            Refusal::Journal(Box::new(JournalError::closed())),
        ),
        (
            "[4005] spread=1.1: must not be negative; pass ask - bid",
            Refusal::PriceNegative { argument: "spread", price: one },
        ),
        (
            "[4005] price=1.1: is above the market's 1.1; choose the other one of limit and stop",
            Refusal::OrderBeyondMarket { price: one, market: one, below: true },
        ),
    ]
}

#[test]
fn each_refusal_in_turn() {
    for (variant, text, cause) in ROWS {
        let refusal = cause();
        assert_eq!((name(&refusal).as_str(), refusal.to_string().as_str()), (variant, text));
        let start = format!("[{}] {}=", refusal.code().number(), refusal.argument());
        assert!(text.starts_with(&start), "{text}");
        let parts =
            format!("{}{}: {}; {}", start, refusal.value(), refusal.rule(), refusal.remedy());
        assert_eq!(text, parts);
    }
}

#[test]
fn no_refusal_is_left_out() {
    let caused = ROWS.map(|(variant, ..)| variant);
    let not_caused = NOT_CAUSED.map(|(_, _, refusal)| name(&refusal));
    let shown: BTreeSet<&str> =
        caused.into_iter().chain(not_caused.iter().map(String::as_str)).collect();
    let others: Vec<String> =
        of_accounts_and_orders().iter().map(|(_, refusal)| name(refusal)).collect();
    let shown: BTreeSet<&str> =
        shown.into_iter().chain(others.iter().map(String::as_str)).collect();
    assert_eq!(shown, BTreeSet::from_iter(declared()));
    assert_eq!(declared().len(), 52, "the source was read");
}

#[test]
fn what_is_not_caused_is_worded_too() {
    for (reason, text, refusal) in NOT_CAUSED {
        assert_eq!(refusal.to_string(), text, "{reason}");
    }
    for (text, refusal) in of_accounts_and_orders() {
        assert_eq!(refusal.to_string(), text);
    }
}

#[test]
fn levels_are_named_after_themselves() {
    for (level, argument, code) in
        [(LevelKind::StopLoss, "stop_loss", 4007), (LevelKind::TakeProfit, "take_profit", 4008)]
    {
        let price = price("1");
        let kinds = [
            Refusal::LevelMustBePositive { level, price },
            Refusal::LevelOffGrid { level, price, decimals: 0 },
            Refusal::LevelOnWrongSide { level, price, market: price, below: true },
        ];
        for refusal in kinds {
            assert_eq!((refusal.argument(), refusal.code().number()), (argument, code));
        }
    }
}
