//! What rows of fills, orders, bars and quotes mean, what their receipts say, and how their events
//! come back.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_calls;
mod frame_rows;

use frame_calls::{LONG, instrument, means, money, open, price, registered, size};
use frame_rows::{accept, account, comes_back, told};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Bar, Bars, BreakEven, CancelOrder, Change, CloseBy, Event, Marks, Modify, Open, OrderKind,
    Path, PlaceOrder, Protection, Quote, Side, Target,
};
use portfolio_core::numbers::Price;
use portfolio_core::terms::{ChargedOn, Commission, CommissionKind, CommissionTier, Terms};

const BAR: &str = "bar time=2 symbol=ACME open=100 high=110 low=90 close=105";

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

fn market_order() -> PlaceOrder<'static> {
    PlaceOrder {
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
    }
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
    let plain = market_order();
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
            "bar time=2 event=7 path=optimistic symbol=B open=50 high=52 low=43 close=51 \
             spread=0.5",
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
