//! What each row of a frame means, what its receipt says, and how its event comes back.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod frame_rows;

use frame_rows::{accept, account, apply, batch, comes_back, configuration, picture, told};
use portfolio_core::columns::schema::View;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Bar, Bars, BreakEven, CancelOrder, Cash, Change, ChargeSwap, CloseBy, Convert, Dividend, Event,
    Marks, Modify, Open, OrderKind, Path, PlaceOrder, Protection, Quote, Rollover, Side, Split,
    Target,
};
use portfolio_core::frame::OnError;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger, Mode};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::{
    ChargedOn, Commission, CommissionKind, CommissionTier, Swap, SwapKind, Terms,
};

const HOUR: i64 = 3_600_000_000;
const LONG: &str = "open time=1 symbol=ACME side=long size=2 price=100";
const BAR: &str = "bar time=2 symbol=ACME open=100 high=110 low=90 close=105";

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn code(text: &str) -> Currency {
    Currency::parse(text).unwrap()
}

fn open(side: Side, at: &str) -> Open<'static> {
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

fn instrument(symbol: &str, terms: Terms) -> Event<'static> {
    let terms = Some(Box::new(terms));
    Event::RegisterInstrument(Instrument { terms, ..Instrument::default_for(symbol) })
}

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

/// The row that registers what an event registers.
fn registered(event: &Event<'_>) -> String {
    let mut ledger = account();
    ledger.apply(event).unwrap();
    told(&ledger)[0].replace("event=1 ", "")
}

/// Rows and events come to the same account, which comes back from its own events.
fn means(ledger: &mut Ledger, rows: &[&str], events: &[Event<'_>]) -> Vec<String> {
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

#[test]
fn protection_of_opens_and_modifies() {
    let targets = [("110", "0.5"), ("120", "1")]
        .map(|(at, part)| Target { price: price(at), size: size(part) });
    let one = [Target { price: price("130"), size: size("2") }];
    let even = |trigger, offset| BreakEven { trigger: price(trigger), offset: price(offset) };
    let protection = Protection {
        trailing: Some(price("5")),
        break_even: Some(even("3", "1")),
        targets: &targets,
        exit_time: Some(9),
    };
    let only = Protection { break_even: Some(even("4", "0")), ..Protection::NONE };
    let long = open(Side::Long, "100");
    let mut ledger = account();
    means(
        &mut ledger,
        &[
            &format!(
                "{LONG} trailing=5 break_even=3 break_even_offset=1 targets=110:0.5;120:1 \
                 exit_time=9"
            ),
            &format!("{LONG} trailing=0 break_even=0 break_even_offset=0 targets="),
            &format!("{LONG} break_even=4"),
            "modify time=2 position_id=1 trailing=4 targets= exit_time=0",
            "modify time=3 position_id=1 break_even=0 targets=130:2 exit_time=12",
            "modify time=4 position_id=2 trailing=2 break_even=5 break_even_offset=2",
            "modify time=5 position_id=1 trailing=0",
        ],
        &[
            Event::Open(Open { protection, ..long }),
            Event::Open(long),
            Event::Open(Open { protection: only, ..long }),
            Event::Modify(Modify {
                trailing: Change::Set(price("4")),
                targets: Change::Remove,
                exit_time: Change::Remove,
                ..Modify::new(1, 2)
            }),
            Event::Modify(Modify {
                break_even: Change::Remove,
                targets: Change::Set(&one),
                exit_time: Change::Set(12),
                ..Modify::new(1, 3)
            }),
            Event::Modify(Modify {
                trailing: Change::Set(price("2")),
                break_even: Change::Set(even("5", "2")),
                ..Modify::new(2, 4)
            }),
            Event::Modify(Modify { trailing: Change::Remove, ..Modify::new(1, 5) }),
        ],
    );
    let told = told(&ledger);
    assert!(told[1].ends_with(
        "fee=0 tag= trailing=5 break_even=3 break_even_offset=1 targets=110:0.5;120:1 exit_time=9"
    ));
    assert_eq!(told[4], "event=5 modify time=2 position_id=1 trailing=4 targets= exit_time=0");
    let fifth = "event=6 modify time=3 position_id=1 break_even=0 targets=130:2 exit_time=12";
    assert_eq!(told[5], fifth);
    assert_eq!(told[7], "event=8 modify time=5 position_id=1 trailing=0");
}

#[test]
fn orders_and_their_receipts() {
    let targets = [Target { price: price("100"), size: size("0.5") }];
    let protection = Protection {
        trailing: Some(price("7")),
        break_even: Some(BreakEven { trigger: price("2"), offset: price("0.5") }),
        targets: &targets,
        exit_time: Some(50),
    };
    let plain = PlaceOrder {
        symbol: "ACME",
        side: Side::Long,
        size: size("1"),
        time: 1,
        kind: OrderKind::Market,
        expiry: None,
        oco: "",
        stop_loss: None,
        take_profit: None,
        protection: Protection::NONE,
        tag: "",
    };
    let given = "order time=1 symbol=ACME side=buy size=1";
    let mut ledger = account();
    let bars = [Bar {
        symbol: "ACME",
        open: price("100"),
        high: price("110"),
        low: price("85"),
        close: price("105"),
        spread: Price::ZERO,
    }];
    let receipts = means(
        &mut ledger,
        &[
            &format!(
                "{given} price=90 stop_loss=80 take_profit=120 tag=o trailing=7 break_even=2 \
                 break_even_offset=0.5 targets=100:0.5 exit_time=50 expiry=40 oco=g"
            ),
            &format!("{given} price=130 stop_loss=0 type=stop oco=g"),
            &format!("{given} type=market"),
            "cancel time=2 order_id=2",
            &BAR.replace("low=90", "low=85"),
        ],
        &[
            Event::PlaceOrder(PlaceOrder {
                kind: OrderKind::Limit(price("90")),
                expiry: Some(40),
                oco: "g",
                stop_loss: Some(price("80")),
                take_profit: Some(price("120")),
                protection,
                tag: "o",
                ..plain
            }),
            Event::PlaceOrder(PlaceOrder {
                kind: OrderKind::Stop(price("130")),
                oco: "g",
                ..plain
            }),
            Event::PlaceOrder(plain),
            Event::CancelOrder(CancelOrder { order_id: 2, time: 2 }),
            Event::Bar(Bars { time: 2, path: None, bars: &bars }),
        ],
    );
    let answered = |row, order| {
        format!("row={row} position_id=0 order_id={order} realized=0 fee=0 balance=10000")
    };
    assert_eq!(receipts[..4], [0, 1, 2, 3].map(|row| answered(row, [1, 2, 3, 2][row])));
    let told = told(&ledger);
    assert_eq!(
        told[2],
        "event=3 order time=1 symbol=ACME side=long size=1 price=130 type=stop oco=g"
    );
    assert_eq!(told[3], "event=4 order time=1 symbol=ACME side=long size=1 type=market");
    assert!(told[1].contains(" tag=o "), "{}", told[1]);
}

#[test]
fn bars_and_quotes_stand_together_by_their_number() {
    let bar = |symbol, [open, high, low, close, spread]: [&str; 5]| Bar {
        symbol,
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        spread: price(spread),
    };
    let both =
        [bar("ACME", ["100", "110", "90", "105", "0"]), bar("B", ["50", "52", "43", "51", "0.5"])];
    let quote = |symbol, bid: &str, ask: &str| Quote { symbol, bid: price(bid), ask: price(ask) };
    let quotes = [quote("ACME", "101", "101"), quote("B", "51", "52")];
    let (one, none) = ([quote("ACME", "100", "100")], []);
    let long =
        Open { stop_loss: Some(price("95")), fee: Some(money("2")), ..open(Side::Long, "100") };
    let short = Open { symbol: "B", take_profit: Some(price("44")), ..open(Side::Short, "50") };
    let mut ledger = account();
    let receipts = means(
        &mut ledger,
        &[
            &format!("{LONG} stop_loss=95 fee=2"),
            "open time=1 symbol=B side=short size=2 price=50 take_profit=44",
            &format!("{BAR} event=7 path=optimistic"),
            "bar time=2 event=7 path=optimistic symbol=B open=50 high=52 low=43 close=51 spread=0.5",
            "bar time=3 event=6 high=-1",
            "quotes time=4 symbol=ACME price=101 event=8",
            "quotes time=4 event=8",
            "quotes time=4 symbol=B bid=51 ask=52 event=8",
            "quotes time=4 symbol=ACME bid=100 ask=100",
            "quotes time=5",
        ],
        &[
            Event::Open(long),
            Event::Open(short),
            Event::Bar(Bars { time: 2, path: Some(Path::Optimistic), bars: &both }),
            Event::Bar(Bars { time: 3, path: None, bars: &[] }),
            Event::Quotes(Marks { time: Some(4), quotes: &quotes }),
            Event::Quotes(Marks { time: Some(4), quotes: &one }),
            Event::Quotes(Marks { time: Some(5), quotes: &none }),
        ],
    );
    // -10 of ACME at its stop, 12 of B at its take_profit; both rows of the bar say so.
    for row in [2, 3] {
        let wanted = format!("row={row} position_id=0 order_id=0 realized=2 fee=0 balance=10000");
        assert_eq!(receipts[row], wanted);
    }
    let told = told(&ledger);
    assert_eq!(
        told[4..11],
        [
            "event=5 bar time=2 symbol=ACME open=100 high=110 low=90 close=105 spread=0 \
             path=optimistic",
            "event=5 bar time=2 symbol=B open=50 high=52 low=43 close=51 spread=0.5 \
             path=optimistic",
            "event=6 bar time=3 path=pessimistic",
            "event=7 quotes time=4 symbol=ACME bid=101 ask=101",
            "event=7 quotes time=4 symbol=B bid=51 ask=52",
            "event=8 quotes time=4 symbol=ACME bid=100 ask=100",
            "event=9 quotes time=5",
        ]
    );
}

#[test]
fn rows_of_bars_without_a_number_are_bars_of_their_own() {
    let mut ledger = account();
    let two = BAR.replace("time=2", "time=3");
    let receipts = accept(
        &mut ledger,
        &[LONG, BAR, &two, "bar time=3", "close time=3 position_id=1 price=99"],
    );
    assert_eq!(receipts.len(), 5);
    assert_eq!(ledger.equity_curve(View::Exact).unwrap().rows, 3);
    assert!(receipts[4].contains("realized=-2"), "{receipts:?}");
}

#[test]
fn a_bar_answers_the_sum_of_its_results_and_fees() {
    let two = 2_000_000_000_000_000_000;
    let commission = Commission {
        kind: CommissionKind::PerTrade,
        tiers: vec![CommissionTier { volume: None, taker: two, maker: two }],
        minimum: None,
        on: ChargedOn::Both,
    };
    let costs = instrument("ACME", Terms { commission: Some(commission), ..Terms::default() });
    let mut ledger = account();
    let bar = BAR.replace("high=110", "high=100").replace("close=105", "close=95");
    let receipts = accept(
        &mut ledger,
        &[
            &registered(&costs),
            &format!("{LONG} stop_loss=95 fee=0"),
            &format!("{LONG} stop_loss=92 fee=0"),
            "order time=1 symbol=ACME side=long size=1 price=91",
            &bar,
        ],
    );
    // 2 * -5 and 2 * -8; two closes and the fill of the order at 2 each.
    assert_eq!(receipts[4], "row=4 position_id=0 order_id=0 realized=-26 fee=6 balance=9968");
    comes_back(&mut ledger, "costs");
}

#[test]
fn two_positions_against_each_other() {
    let close = |position_id, other_id, time| CloseBy {
        position_id,
        other_id,
        time,
        size: None,
        fee: None,
    };
    let mut ledger = account();
    let receipts = means(
        &mut ledger,
        &[
            LONG,
            "open time=1 symbol=ACME side=short size=2 price=104",
            "close_by time=2 position_id=1 other_id=2 size=0.5 fee=0.25",
            "close_by time=3 position_id=2 other_id=1",
        ],
        &[
            Event::Open(open(Side::Long, "100")),
            Event::Open(open(Side::Short, "104")),
            Event::CloseBy(CloseBy {
                size: Some(size("0.5")),
                fee: Some(money("0.25")),
                ..close(1, 2, 2)
            }),
            Event::CloseBy(close(2, 1, 3)),
        ],
    );
    // First at 104, the entry of 2: 0.5 * 4 and 0; then at 100, the entry of 1: 1.5 * 4 and 0.
    assert_eq!(
        receipts[2..],
        [
            "row=2 position_id=1 order_id=0 realized=2 fee=0.25 balance=10001.75",
            "row=3 position_id=2 order_id=0 realized=6 fee=0 balance=10007.75",
        ]
    );
    let wanted = "event=5 close_by time=3 size=1.5 position_id=2 fee=0 other_id=1";
    assert_eq!(told(&ledger)[4], wanted);
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
    assert_eq!(
        opens.iter().map(|row| with(row)).collect::<Vec<_>>(),
        [true, false, false, true, true]
    );
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
        rows.iter().for_each(|row| drop(accept(&mut cut, &[row])));
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
