//! What rows of cash, costs and corporate actions mean, and rows of other kinds of account.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod frame_calls;
mod frame_rows;

use frame_calls::{LONG, code, instrument, means, money, open, price, registered};
use frame_rows::{accept, account, apply, batch, comes_back, configuration, picture, told};
use portfolio_core::columns::schema::View;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, ChargeSwap, Convert, Dividend, Event, Marks, Open, Quote, Rollover, Side, Split,
};
use portfolio_core::frame::OnError;
use portfolio_core::ledger::{Configuration, Ledger, Mode};
use portfolio_core::terms::{Swap, SwapKind, Terms};

const HOUR: i64 = 3_600_000_000;

fn pair() -> Event<'static> {
    instrument("EURUSD", Terms { base_currency: Some(code("EUR")), ..Terms::default() })
}

fn swapped() -> Event<'static> {
    let (kind, zone) = (SwapKind::Points, "UTC".to_owned());
    let swap = Swap {
        kind,
        long: -500_000_000,
        short: 250_000_000,
        rollovers: vec![17 * 60],
        zone,
        multipliers: [1; 7],
        day_count: 360,
    };
    instrument("ACME", Terms { swap: Some(swap), ..Terms::default() })
}

#[test]
fn money_of_other_currencies() {
    let [eur, usd] = ["EUR", "USD"].map(code);
    let cash = |amount, time, currency| Cash { amount: money(amount), time, currency };
    let convert = |amount, [from, to]: [Currency; 2], time, rate| Convert {
        amount: money(amount),
        from,
        to,
        time,
        rate,
    };
    let marks = [Quote { symbol: "EURUSD", bid: price("1.25"), ask: price("1.25") }];
    let mut ledger = account();
    means(
        &mut ledger,
        &[
            &registered(&pair()),
            "mark time=1 symbol=EURUSD price=1.25",
            "deposit time=2 amount=100 currency=EUR",
            "deposit time=2 amount=5 currency=USD",
            "withdraw time=3 amount=10 currency=EUR",
            "convert time=4 amount=40 from_currency=EUR to_currency=USD",
            "convert time=5 amount=12 from_currency=USD to_currency=EUR rate=0.75",
        ],
        &[
            pair(),
            Event::Mark(Marks { time: Some(1), quotes: &marks }),
            Event::Deposit(cash("100", 2, Some(eur))),
            Event::Deposit(cash("5", 2, Some(usd))),
            Event::Withdraw(cash("10", 3, Some(eur))),
            Event::Convert(convert("40", [eur, usd], 4, None)),
            Event::Convert(convert("12", [usd, eur], 5, Some(money("0.75")))),
        ],
    );
    assert_eq!(
        told(&ledger)[2..],
        [
            "event=3 deposit time=2 amount=100 currency=EUR",
            "event=4 deposit time=2 amount=5",
            "event=5 withdraw time=3 amount=10 currency=EUR",
            "event=6 convert time=4 amount=40 from_currency=EUR to_currency=USD",
            "event=7 convert time=5 amount=12 from_currency=USD to_currency=EUR rate=0.75",
        ]
    );
}

#[test]
fn swaps_dividends_and_splits() {
    let by_hand = ChargeSwap {
        symbol: "ACME",
        time: HOUR,
        kind: SwapKind::Points,
        long: 0,
        short: 0,
        multiplier: 1,
    };
    let dividend = |amount, pay_time| {
        let (symbol, time) = ("ACME", 18 * HOUR);
        Event::Dividend(Dividend { symbol, amount: price(amount), time, pay_time })
    };
    let long = Open { time: HOUR, ..open(Side::Long, "100") };
    let (symbol, time) = ("ACME", 19 * HOUR);
    let mut ledger = account();
    means(
        &mut ledger,
        &[
            &registered(&swapped()),
            &LONG.replace("time=1", "time=3600000000"),
            "swap time=3600000000 symbol=ACME kind=rate long=-0.5 short=2 multiplier=3",
            "swap time=3600000000 symbol=ACME",
            "rollover time=61200000000 symbol=ACME",
            "dividend time=64800000000 symbol=ACME price=0.5",
            "dividend time=64800000000 symbol=ACME price=0.25 pay_time=86400000000",
            "split time=68400000000 symbol=ACME numerator=2 denominator=1",
            "update time=172800000000",
        ],
        &[
            swapped(),
            Event::Open(long),
            Event::ChargeSwap(ChargeSwap {
                kind: SwapKind::Rate,
                long: -500_000_000,
                short: 2_000_000_000,
                multiplier: 3,
                ..by_hand
            }),
            Event::ChargeSwap(by_hand),
            Event::Rollover(Rollover { symbol, time: 17 * HOUR }),
            dividend("0.5", None),
            dividend("0.25", Some(24 * HOUR)),
            Event::Split(Split { symbol, numerator: 2, denominator: 1, time }),
            Event::UpdateEquity(Marks { time: Some(48 * HOUR), quotes: &[] }),
        ],
    );
    let told = told(&ledger);
    assert_eq!(
        told[3],
        "event=4 swap time=3600000000 symbol=ACME kind=points long=0 short=0 multiplier=1"
    );
    assert_eq!(
        told[6],
        "event=7 dividend time=64800000000 symbol=ACME price=0.25 pay_time=86400000000"
    );
    assert_eq!(told[7], "event=8 split time=68400000000 symbol=ACME numerator=2 denominator=1");
}

#[test]
fn fills_of_netting_have_the_id_of_what_they_open() {
    let netting = Configuration { mode: Mode::Netting, ..configuration() };
    let mut ledger = Ledger::new(netting).unwrap();
    let receipts = accept(
        &mut ledger,
        &[
            &format!("{LONG} key=k trailing=3"),
            "open time=2 symbol=ACME side=long size=1 price=110 targets=130:1",
            "open time=3 symbol=ACME side=short size=1 price=112",
            "close time=4 key=k price=100 size=0.5",
            "open time=5 symbol=ACME side=short size=2 price=105 key=other",
            "modify time=6 key=other stop_loss=120",
            "open time=7 symbol=ACME side=long size=3 price=100 position_id=9 break_even=5",
        ],
    );
    let ids = ["1", "1", "1", "1", "2", "2", "9"];
    for (receipt, id) in receipts.iter().zip(ids) {
        assert!(receipt.contains(&format!("position_id={id} ")), "{receipt}");
    }
    comes_back(&mut ledger, "netting");
    let told = told(&ledger);
    let opens: Vec<_> = told.iter().filter(|row| row.contains(" open ")).collect();
    let with = |row: &&String| row.contains("position_id=");
    assert_eq!(opens.iter().map(with).collect::<Vec<_>>(), [true, false, false, true, true]);
    ledger.verify().unwrap();
}

#[test]
fn a_frame_does_not_need_the_text_of_a_symbol_that_it_knows() {
    // Rounding, margin calls, due flows and pairs take the general way, where the text is wanted.
    let rows = [
        "mark time=1 symbol=ACME price=100",
        LONG,
        "dividend time=2 symbol=ACME price=1 pay_time=3",
        "update time=3 symbol=ACME price=99.999999999",
        "open time=4 symbol=ACME side=short size=1 price=101",
        "mark time=5 symbol=ACME bid=99 ask=100",
    ];
    for rounding in [false, true] {
        let margin_call = rounding.then_some(100_000_000_000);
        let mut ledger = Ledger::new(Configuration { margin_call, ..configuration() }).unwrap();
        accept(&mut ledger, &rows);
        comes_back(&mut ledger, "texts");
        let mut cut = Ledger::new(ledger.configuration().clone()).unwrap();
        for row in rows {
            accept(&mut cut, &[row]);
        }
        assert_eq!(picture(&mut cut), picture(&mut ledger));
    }
}

#[test]
fn columns_of_the_table_are_those_of_a_frame() {
    let mut ledger = account();
    accept(&mut ledger, &[LONG]);
    let table = ledger.events_table(View::Float).unwrap();
    assert_eq!(table.schema.fields().len(), 49);
    let frame = apply(&mut account(), &[LONG, "deposit time=2 amount=1"], OnError::Record).unwrap();
    assert_eq!((frame.receipts.rows, frame.refused.rows), (2, 0));
    assert_eq!(batch(&[LONG]).num_columns(), 6);
}
