//! Protection and resting orders by themselves (SPEC section 17).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod cells;
#[expect(dead_code, reason = "each test uses its part")]
mod example;
#[expect(dead_code, reason = "each test uses its part")]
mod market;

use cells::{Cell, cell};
use example::{modify, name, open, price, quote, refuse, size};
use market::{
    account, activity, apply, break_even, fill, held, limit, order, place, run, stop, target,
    trades, trailing,
};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    BreakEven, CancelOrder, Change, Event, Marks, Modify, Open, OrderKind, Path, PlaceOrder,
    Protection, Side, Split, Target,
};
use portfolio_core::ledger::Ledger;

const LONG: Side = Side::Long;
const SHORT: Side = Side::Short;

fn mark(ledger: &mut Ledger, bid: &str, ask: &str) {
    let quotes = &[quote("ACME", bid, ask)];
    apply(ledger, &Event::Mark(Marks { time: Some(10), quotes }));
}

fn answer(ledger: &mut Ledger, event: &Event<'_>) -> String {
    let refusal = refuse(ledger, event);
    format!("{} {} {}", refusal.code().number(), name(&refusal), refusal.argument())
}

#[test]
fn orders_are_numbered_and_listed() {
    let mut ledger = account();
    mark(&mut ledger, "99", "101");
    let targets = &[target("110", "0.5")];
    let protection = Protection { targets, exit_time: Some(99), ..trailing("2") };
    let first = PlaceOrder {
        expiry: Some(50),
        oco: "a pair of orders",
        tag: "t",
        ..order(LONG, limit("101"))
    };
    assert_eq!(place(&mut ledger, &first), 1);
    assert_eq!(
        place(&mut ledger, &PlaceOrder { symbol: "NEW", ..order(SHORT, OrderKind::Market) }),
        2
    );
    assert_eq!(place(&mut ledger, &order(SHORT, stop("99"))), 3);
    let held = Open { protection, tag: "p", ..fill(LONG, "95", "120") };
    apply(&mut ledger, &Event::Open(held));
    apply(
        &mut ledger,
        &Event::Open(Open { protection: break_even("3", "1"), ..fill(SHORT, "", "") }),
    );
    let table = ledger.orders(View::Exact).unwrap();
    let columns =
        ["order_id", "position_id", "symbol", "side", "kind", "price", "size", "oco", "tag"];
    let rows: Vec<String> =
        market::rows(&table, &columns).iter().map(|row| row.trim_end().to_owned()).collect();
    assert_eq!(
        rows,
        [
            "1 0 ACME long limit 101 2 a pair of orders t",
            "2 0 NEW short market 0 2",
            "3 0 ACME short stop 99 2",
            "0 1 ACME long stop_loss 98 2  p",
            "0 1 ACME long take_profit 120 2  p",
            "0 1 ACME long target 110 0.5  p",
            "0 1 ACME long trailing 2 2  p",
            "0 1 ACME long exit_time 0 2  p",
            "0 2 ACME short break_even 3 2",
        ]
    );
    let times = |row| {
        let batch = &table.batches[0];
        let times = batch.column_by_name("time").unwrap();
        (!times.is_null(row)).then(|| cell(&table, row, "time").unwrap())
    };
    assert_eq!(
        [times(0), times(1), times(7)],
        [Some(Cell::Whole(50)), None, Some(Cell::Whole(99))]
    );
    assert_eq!(ledger.orders(View::Float).unwrap().rows, 9);
    ledger.verify().unwrap();
}

#[test]
fn an_order_that_was_cancelled_is_gone() {
    let mut ledger = account();
    let order_id = place(&mut ledger, &order(LONG, limit("95")));
    let cancel = Event::CancelOrder(CancelOrder { order_id, time: 10 });
    let receipt = ledger.apply(&cancel).unwrap();
    assert_eq!((receipt.order_id, receipt.position_id), (1, 0));
    assert_eq!(activity(&ledger), ["placed 1 0 2 95", "cancelled 1 0 2 95"]);
    assert_eq!(answer(&mut ledger, &cancel), "4027 OrderNotFound order_id");
    let early = Event::CancelOrder(CancelOrder { order_id, time: 9 });
    assert_eq!(answer(&mut ledger, &early), "4006 TimeRunsBackwards time");
    run(&mut ledger, 20, Path::Pessimistic, "100 100 90 90");
    assert!(held(&ledger).is_empty());
    assert_eq!(place(&mut ledger, &PlaceOrder { time: 20, ..order(LONG, limit("85")) }), 2);
    ledger.verify().unwrap();
}

#[test]
fn the_order_of_the_checks_of_an_order() {
    let mut ledger = account();
    mark(&mut ledger, "99", "101");
    let long = "x".repeat(256);
    let mut wrong = PlaceOrder {
        symbol: " ",
        size: size("0.05"),
        time: 9,
        expiry: Some(9),
        oco: &long,
        stop_loss: Some(price("101.50")),
        take_profit: Some(price("99")),
        protection: Protection { exit_time: Some(9), ..Protection::NONE },
        tag: &long,
        ..order(LONG, limit("102.001"))
    };
    let mut answers = Vec::new();
    let mut refuse = |wrong: &PlaceOrder<'_>| {
        answers.push(answer(&mut ledger, &Event::PlaceOrder(*wrong)));
    };
    refuse(&wrong);
    wrong.oco = "";
    refuse(&wrong);
    wrong.tag = "";
    refuse(&wrong);
    wrong.time = 10;
    refuse(&wrong);
    wrong.symbol = "ACME";
    refuse(&wrong);
    wrong.size = size("2");
    refuse(&wrong);
    wrong.kind = limit("102");
    refuse(&wrong);
    wrong.kind = limit("101");
    refuse(&wrong);
    wrong.stop_loss = Some(price("95"));
    refuse(&wrong);
    wrong.take_profit = Some(price("105"));
    refuse(&wrong);
    wrong.protection.exit_time = Some(10);
    refuse(&wrong);
    wrong.expiry = Some(10);
    apply(&mut ledger, &Event::PlaceOrder(wrong));
    assert_eq!(
        answers,
        [
            "4013 TextNotAllowed oco",
            "4013 TextNotAllowed tag",
            "4006 TimeRunsBackwards time",
            "4012 SymbolNotAllowed symbol",
            "4003 SizeOffGrid size",
            "4005 PriceOffGrid price",
            "4005 OrderBeyondMarket price",
            "4007 LevelOnWrongSide stop_loss",
            "4008 LevelOnWrongSide take_profit",
            "4006 TimeBeforeEvent exit_time",
            "4006 TimeBeforeEvent expiry",
        ]
    );
    ledger.verify().unwrap();
}

#[test]
fn orders_are_on_their_side_of_the_market() {
    let mut ledger = account();
    place(&mut ledger, &order(LONG, limit("500")));
    mark(&mut ledger, "99", "101");
    let cases = [
        (LONG, limit("101"), limit("101.01")),
        (LONG, stop("101"), stop("100.99")),
        (SHORT, limit("99"), limit("98.99")),
        (SHORT, stop("99"), stop("99.01")),
    ];
    for (side, good, wrong) in cases {
        let refused = answer(&mut ledger, &Event::PlaceOrder(order(side, wrong)));
        assert_eq!(refused, "4005 OrderBeyondMarket price");
        place(&mut ledger, &order(side, good));
    }
    let refused = answer(&mut ledger, &Event::PlaceOrder(order(LONG, stop("0"))));
    assert_eq!(refused, "4005 PriceMustBePositive price");
}

#[test]
fn levels_of_a_market_order_are_held_against_each_other() {
    let mut ledger = account();
    mark(&mut ledger, "99", "101");
    let targets = &[target("50", "1")];
    let wild = PlaceOrder {
        stop_loss: Some(price("500")),
        take_profit: Some(price("60")),
        protection: Protection { targets, ..Protection::NONE },
        ..order(LONG, OrderKind::Market)
    };
    place(&mut ledger, &wild);
    let crossed = PlaceOrder { take_profit: Some(price("50")), ..wild };
    assert_eq!(
        answer(&mut ledger, &Event::PlaceOrder(crossed)),
        "4026 ProtectionNotAllowed targets"
    );
    let zero = PlaceOrder { stop_loss: Some(price("0")), ..wild };
    assert_eq!(answer(&mut ledger, &Event::PlaceOrder(zero)), "4007 LevelMustBePositive stop_loss");
    let off = PlaceOrder { take_profit: Some(price("60.001")), ..wild };
    assert_eq!(answer(&mut ledger, &Event::PlaceOrder(off)), "4008 LevelOffGrid take_profit");
    let far = PlaceOrder { protection: trailing("500"), ..order(LONG, OrderKind::Market) };
    place(&mut ledger, &far);
    run(&mut ledger, 20, Path::Pessimistic, "100 100 100 100");
    assert_eq!(trades(&ledger), ["1 2 100 stop_loss"], "levels are not checked again");
    assert_eq!(held(&ledger), ["2 2 100 0 0"], "no stop below 0");
    ledger.verify().unwrap();
}

/// Protections that a long at 100 with a take profit at 110 cannot have: targets apart.
fn wrong_ones() -> Vec<(Protection<'static>, Vec<Target>, &'static str)> {
    let bare = |protection| (protection, Vec::new());
    let even = |trigger: &str, offset: &str| bare(break_even(trigger, offset));
    let trail = |distance: &str| bare(trailing(distance));
    let some = |targets: Vec<Target>| (Protection::NONE, targets);
    let one = |price: &str, size: &str| some(vec![target(price, size)]);
    let wrong = [
        ("trailing", vec![trail("0"), trail("1.001"), trail("100")]),
        ("break_even", vec![even("0", "0"), even("3", "3"), even("3", "-1")]),
        ("break_even", vec![even("3.001", "1"), even("3", "1.001")]),
        ("targets", vec![one("0", "1"), one("105.001", "1"), one("100", "1"), one("110", "1")]),
        ("targets", vec![one("105", "0"), one("105", "0.05"), one("105", "2.1")]),
        ("targets", vec![some(vec![target("105", "1.5"), target("106", "0.6")])]),
        ("targets", vec![some(vec![target("105", "0.1"); 256])]),
    ];
    let named = |(argument, all): (&'static str, Vec<_>)| {
        all.into_iter().map(move |(protection, targets)| (protection, targets, argument))
    };
    wrong.into_iter().flat_map(named).collect()
}

#[test]
fn protection_is_checked_wherever_it_is_given() {
    let mut ledger = account();
    let good = fill(LONG, "", "110");
    apply(&mut ledger, &Event::Open(good));
    for (protection, targets, argument) in wrong_ones() {
        let protection = Protection { targets: &targets, ..protection };
        let expected = format!("4026 ProtectionNotAllowed {argument}");
        let open = Event::Open(Open { protection, ..good });
        assert_eq!(answer(&mut ledger, &open), expected);
        let order =
            PlaceOrder { take_profit: Some(price("110")), protection, ..order(LONG, limit("100")) };
        assert_eq!(answer(&mut ledger, &Event::PlaceOrder(order)), expected);
        let set = Modify {
            trailing: protection.trailing.map_or(Change::Keep, Change::Set),
            break_even: protection.break_even.map_or(Change::Keep, Change::Set),
            targets: if protection.targets.is_empty() {
                Change::Keep
            } else {
                Change::Set(protection.targets)
            },
            ..Modify::new(1, 10)
        };
        assert_eq!(answer(&mut ledger, &Event::Modify(set)), expected);
    }
    let late = Protection { exit_time: Some(9), ..Protection::NONE };
    let open = Event::Open(Open { protection: late, ..good });
    assert_eq!(answer(&mut ledger, &open), "4006 TimeBeforeEvent exit_time");
    let set = Modify { exit_time: Change::Set(9), ..Modify::new(1, 10) };
    assert_eq!(answer(&mut ledger, &Event::Modify(set)), "4006 TimeBeforeEvent exit_time");
    let none = answer(&mut ledger, &Event::Modify(Modify::new(1, 10)));
    assert_eq!(none, "4024 NothingToModify stop_loss");
    let short = Open { protection: trailing("1000"), ..fill(SHORT, "", "") };
    apply(&mut ledger, &Event::Open(short));
    ledger.verify().unwrap();
}

#[test]
fn a_modify_changes_what_is_given() {
    let mut ledger = account();
    let targets: &[Target] = &[target("105", "1")];
    let protection = Protection { targets, exit_time: Some(99), ..trailing("3") };
    apply(&mut ledger, &Event::Open(Open { protection, ..fill(LONG, "90", "110") }));
    assert_eq!(held(&ledger), ["1 2 100 97 110"]);
    assert_eq!(ledger.positions().rows()[0].initial_stop, price("97"));
    mark(&mut ledger, "101", "102");
    let set = |ledger: &mut Ledger, change: Modify<'_>| apply(ledger, &Event::Modify(change));
    set(&mut ledger, Modify { trailing: Change::Set(price("5")), ..Modify::new(1, 10) });
    assert_eq!(held(&ledger), ["1 2 100 97 110"], "97 is nearer than 96");
    set(&mut ledger, Modify { trailing: Change::Set(price("1")), ..Modify::new(1, 10) });
    assert_eq!(held(&ledger), ["1 2 100 100 110"]);
    assert_eq!(ledger.positions().rows()[0].initial_stop, price("97"));
    let moved = Modify {
        stop_loss: Change::Set(price("92")),
        trailing: Change::Remove,
        ..Modify::new(1, 10)
    };
    set(&mut ledger, moved);
    assert_eq!(held(&ledger), ["1 2 100 92 110"]);
    let even = BreakEven { trigger: price("2"), offset: price("0.50") };
    let rest = Modify {
        take_profit: Change::Remove,
        break_even: Change::Set(even),
        targets: Change::Set(&[target("150", "2")]),
        exit_time: Change::Remove,
        ..Modify::new(1, 10)
    };
    set(&mut ledger, rest);
    let table = ledger.orders(View::Exact).unwrap();
    let rows = market::rows(&table, &["kind", "price", "size"]);
    assert_eq!(rows, ["stop_loss 92 2", "target 150 2", "break_even 2 2"]);
    ledger.verify().unwrap();
    set(&mut ledger, Modify { targets: Change::Remove, break_even: Change::Remove, ..modify() });
    assert_eq!(ledger.orders(View::Exact).unwrap().rows, 1);
    let replayed = ledger.replay().unwrap().digest();
    assert_eq!(ledger.digest(), replayed);
}

#[test]
fn a_protected_open_needs_no_bar() {
    let mut ledger = account();
    let targets: &[Target] = &[target("105", "1"), target("103", "1")];
    let protection = Protection { targets, ..break_even("3", "0") };
    for side in [LONG, SHORT] {
        let targets: &[Target] = &[target("95", "0.4")];
        let short = Protection { targets, exit_time: Some(10), ..trailing("4") };
        let protection = if side == LONG { protection } else { short };
        apply(&mut ledger, &Event::Open(Open { side, size: size("2"), protection, ..open() }));
    }
    assert_eq!(held(&ledger), ["1 2 100 0 0", "2 2 100 104 0"]);
    apply(&mut ledger, &Event::Close(example::close()));
    assert_eq!(ledger.orders(View::Exact).unwrap().rows, 4);
    ledger.verify().unwrap();
}

#[test]
fn a_split_takes_protection_and_orders_along() {
    let mut ledger = account();
    let targets: &[Target] = &[target("110", "0.5"), target("112", "0.1")];
    let even = break_even("3", "1").break_even;
    let protection = Protection { targets, break_even: even, ..trailing("3") };
    apply(&mut ledger, &Event::Open(Open { protection, ..fill(LONG, "95", "120") }));
    let rest = PlaceOrder { stop_loss: Some(price("85")), oco: "g", ..order(LONG, limit("90")) };
    place(&mut ledger, &rest);
    place(&mut ledger, &PlaceOrder { size: size("0.1"), oco: "", ..rest });
    run(&mut ledger, 20, Path::Pessimistic, "100 100 98 98");
    let split = |numerator, denominator| {
        Event::Split(Split { symbol: "ACME", numerator, denominator, time: 20 })
    };
    let listed = |ledger: &Ledger| {
        market::rows(&ledger.orders(View::Exact).unwrap(), &["kind", "price", "size"])
    };
    apply(&mut ledger, &split(2, 1));
    let halved = [
        "limit 45 4",
        "limit 45 0.2",
        "stop_loss 48.5 4",
        "take_profit 60 4",
        "target 55 1",
        "target 56 0.2",
        "trailing 1.5 4",
        "break_even 1.5 4",
    ];
    assert_eq!(listed(&ledger), halved);
    let digest = ledger.digest();
    apply(&mut ledger, &split(1, 4));
    let kept = [
        "limit 180 1",
        "stop_loss 194 1",
        "take_profit 240 1",
        "target 220 0.2",
        "trailing 6 1",
        "break_even 6 1",
    ];
    assert_eq!(listed(&ledger), kept);
    assert_eq!(
        activity(&ledger)[2..],
        ["cancelled 0 1 0.2 56 split", "cancelled 2 0 0.2 45 split"]
    );
    assert_ne!(ledger.digest(), digest);
    run(&mut ledger, 30, Path::Pessimistic, "196 203 196 200");
    assert_eq!(held(&ledger), ["1 1 200 197 240"], "203 - 6");
    run(&mut ledger, 40, Path::Pessimistic, "200 206 178 178");
    assert_eq!(trades(&ledger), ["1 1 197 trailing_stop"]);
    assert_eq!(held(&ledger), ["2 1 180 170 0"]);
    ledger.verify().unwrap();
}
