//! What happens within a bar (SPEC section 18), computed by hand.
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

use example::{money, price, size};
use market::{
    account, activity, after, apply, bar, break_even, configuration, fill, guarded, held, ledger,
    limit, order, place, run, run_spread, stop, target, trades, trailing,
};
use portfolio_core::event::{
    Bars, Change, Event, Modify, Open, OrderKind, Path, PlaceOrder, Protection, Side,
};
use portfolio_core::ledger::Configuration;

const PATHS: [Path; 4] = [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc];
const LONG: Side = Side::Long;
const SHORT: Side = Side::Short;

#[test]
fn a_gap_is_filled_at_the_open() {
    for path in PATHS {
        let long = after(&[fill(LONG, "95", "")], path, ("90 96 89 95", "0"));
        assert_eq!(trades(&long), ["1 2 90 stop_loss"]);
        let long = after(&[fill(LONG, "95", "")], path, ("95 96 89 95", "0"));
        assert_eq!(trades(&long), ["1 2 95 stop_loss"]);
        let short = after(&[fill(SHORT, "105", "")], path, ("105 106 99 100", "1"));
        assert_eq!(trades(&short), ["1 2 106 stop_loss"], "a short is closed at the ask");
        let long = after(&[fill(LONG, "", "110")], path, ("112 113 112 112", "1"));
        assert_eq!(trades(&long), ["1 2 112 take_profit"]);
        let short = after(&[fill(SHORT, "", "90")], path, ("88 89 88 88", "1"));
        assert_eq!(trades(&short), ["1 2 89 take_profit"]);
        let targets = &[target("108", "0.5"), target("105", "0.5")];
        let protection = Protection { targets, ..Protection::NONE };
        let three = Open { protection, ..fill(LONG, "", "110") };
        let three = after(&[three], path, ("112 113 112 112", "0"));
        assert_eq!(trades(&three), ["1 0.5 112 target", "1 0.5 112 target", "1 1 112 take_profit"]);
        let stopped = ["1 2 100 stop_loss", "2 2 100 take_profit"];
        let both = [fill(SHORT, "110", "90"), fill(LONG, "90", "110")];
        let both = [both[0], both[1]].map(|fill| Open { price: price("105"), ..fill });
        let mut gapped = account();
        for fill in [
            Open { stop_loss: Some(price("100")), take_profit: None, ..both[1] },
            Open { stop_loss: None, take_profit: Some(price("100")), ..both[0] },
        ] {
            apply(&mut gapped, &Event::Open(fill));
        }
        run(&mut gapped, 20, path, "100 100 100 100");
        assert_eq!(trades(&gapped), stopped, "stops come first");
    }
}

#[test]
fn stop_and_target_in_one_bar() {
    let ways = [
        (Path::Pessimistic, "1 2 95 stop_loss", 1),
        (Path::Optimistic, "1 2 105 take_profit", 1),
        (Path::Ohlc, "1 2 105 take_profit", 0),
        (Path::Olhc, "1 2 95 stop_loss", 0),
    ];
    for (path, trade, ambiguous) in ways {
        let ledger = after(&[fill(LONG, "95", "105")], path, ("100 106 94 100", "0"));
        assert_eq!(
            (&trades(&ledger)[..], ledger.ambiguous_count()),
            (&[trade.to_owned()][..], ambiguous)
        );
    }
    let short = after(&[fill(SHORT, "105", "95")], Path::Pessimistic, ("100 104 94 100", "1"));
    assert_eq!(trades(&short), ["1 2 105 stop_loss"], "the ask reached 105");
    let short = after(&[fill(SHORT, "106", "95")], Path::Pessimistic, ("100 104 94 100", "1"));
    assert_eq!(trades(&short), ["1 2 95 take_profit"]);
    let out = after(&[fill(SHORT, "106", "94.99")], Path::Ohlc, ("100 104.99 94 100", "1"));
    assert_eq!((trades(&out).len(), out.ambiguous_count()), (0, 0));
}

#[test]
fn targets_are_filled_one_by_one() {
    let targets = &[target("104", "0.5"), target("102", "1")];
    let protection = Protection { targets, ..Protection::NONE };
    let fill = Open { protection, ..fill(LONG, "95", "106") };
    let mut ledger = after(&[fill], Path::Pessimistic, ("100 103 99 103", "0"));
    assert_eq!(trades(&ledger), ["1 1 102 target"]);
    run(&mut ledger, 30, Path::Pessimistic, "103 105 103 105");
    assert_eq!(trades(&ledger)[1..], ["1 0.5 104 target"]);
    run(&mut ledger, 40, Path::Optimistic, "105 107 94 94");
    assert_eq!(trades(&ledger)[2..], ["1 0.5 106 take_profit"]);
    ledger.verify().unwrap();
    let mut ledger = after(&[fill], Path::Optimistic, ("100 105 94 100", "0"));
    let all = ["1 1 102 target", "1 0.5 104 target", "1 0.5 95 stop_loss"];
    assert_eq!((&trades(&ledger)[..], ledger.ambiguous_count()), (&all.map(str::to_owned)[..], 1));
    ledger.verify().unwrap();
    let mut more = account();
    apply(&mut more, &Event::Open(fill));
    let close = portfolio_core::event::Close { size: Some(size("1.2")), ..example::close() };
    apply(&mut more, &Event::Close(close));
    run(&mut more, 20, Path::Pessimistic, "103 103 103 103");
    assert_eq!(trades(&more)[1..], ["1 0.8 103 target"], "at most what is held");
}

#[test]
fn an_entry_may_be_stopped_in_its_bar() {
    let protected = PlaceOrder {
        stop_loss: Some(price("95")),
        take_profit: Some(price("103")),
        ..order(LONG, limit("98"))
    };
    let ways = [
        (Path::Pessimistic, "1 2 95 stop_loss", 1),
        (Path::Optimistic, "1 2 103 take_profit", 1),
        (Path::Ohlc, "1 2 95 stop_loss", 0),
        (Path::Olhc, "1 2 95 stop_loss", 0),
    ];
    for (path, trade, ambiguous) in ways {
        let mut ledger = account();
        place(&mut ledger, &protected);
        run(&mut ledger, 20, path, "100 104 94 102");
        assert_eq!(
            (&trades(&ledger)[..], ledger.ambiguous_count()),
            (&[trade.to_owned()][..], ambiguous)
        );
        let placed = ["placed 1 0 2 98", "filled 1 1 2 98"];
        assert_eq!(activity(&ledger), placed);
        ledger.verify().unwrap();
    }
    for path in PATHS {
        let mut ledger = account();
        place(&mut ledger, &PlaceOrder { stop_loss: None, ..protected });
        run(&mut ledger, 20, path, "100 101 98 99");
        assert_eq!((trades(&ledger).len(), ledger.ambiguous_count()), (0, 0));
        run(&mut ledger, 30, path, "100 103 100 101");
        assert_eq!(trades(&ledger), ["1 2 103 take_profit"]);
    }
    let mut ledger = account();
    place(&mut ledger, &PlaceOrder { stop_loss: None, ..protected });
    run(&mut ledger, 20, Path::Pessimistic, "100 104 97 102");
    assert_eq!((trades(&ledger).len(), ledger.ambiguous_count()), (0, 1), "it waits");
    run(&mut ledger, 30, Path::Pessimistic, "103.50 104 102 102");
    assert_eq!(trades(&ledger), ["1 2 103.5 take_profit"]);
}

#[test]
fn a_walk_goes_on_with_what_it_opened() {
    let enter = PlaceOrder { take_profit: Some(price("103")), ..order(LONG, limit("98")) };
    let mut ledger = account();
    place(&mut ledger, &enter);
    run(&mut ledger, 20, Path::Olhc, "100 104 97 99");
    assert_eq!(trades(&ledger), ["1 2 103 take_profit"], "down to 98, up to 103");
    let breakout = PlaceOrder { stop_loss: Some(price("99")), ..order(LONG, stop("102")) };
    for (path, count) in [(Path::Ohlc, 1), (Path::Olhc, 1)] {
        let mut ledger = account();
        place(&mut ledger, &breakout);
        run(&mut ledger, 20, path, "100 104 98 98.50");
        assert_eq!(trades(&ledger).len(), count, "{path:?}");
    }
    let mut ledger = account();
    place(&mut ledger, &breakout);
    run(&mut ledger, 20, Path::Olhc, "100 104 98 99.50");
    assert_eq!((trades(&ledger).len(), held(&ledger)), (0, vec!["1 2 102 99 0".to_owned()]));
    // A level of the ask counts at level - spread: the limit at 98 is met at a bid of 97.
    let mut ledger = account();
    place(&mut ledger, &enter);
    run_spread(&mut ledger, 20, Path::Ohlc, ("100 101 97.01 100", "1"));
    assert!(held(&ledger).is_empty());
    run_spread(&mut ledger, 30, Path::Ohlc, ("100 101 97 100", "1"));
    assert_eq!(held(&ledger), ["1 2 98 0 103"]);
    ledger.verify().unwrap();
}

#[test]
fn ties_on_the_way() {
    let mut ledger = account();
    apply(&mut ledger, &Event::Open(fill(LONG, "95", "")));
    apply(&mut ledger, &Event::Open(fill(SHORT, "", "95")));
    place(&mut ledger, &order(LONG, limit("95")));
    place(&mut ledger, &order(SHORT, stop("95")));
    place(&mut ledger, &order(SHORT, stop("95")));
    run(&mut ledger, 20, Path::Olhc, "100 100 94 100");
    assert_eq!(trades(&ledger), ["1 2 95 stop_loss", "2 2 95 take_profit"]);
    let filled: Vec<String> = activity(&ledger).split_off(3);
    assert_eq!(filled, ["filled 2 3 2 95", "filled 3 4 2 95", "filled 1 5 2 95"]);
    ledger.verify().unwrap();
}

#[test]
fn orders_are_filled_by_their_distance() {
    for path in [Path::Pessimistic, Path::Optimistic] {
        let mut ledger = account();
        for kind in [limit("96"), limit("98"), limit("97")] {
            place(&mut ledger, &order(LONG, kind));
        }
        place(&mut ledger, &order(LONG, stop("104")));
        place(&mut ledger, &order(SHORT, limit("102")));
        run_spread(&mut ledger, 20, path, ("100 105 94 100", "0.50"));
        let filled = ["5 1 2 102", "2 2 2 98", "3 3 2 97", "4 4 2 104", "1 5 2 96"];
        let filled = filled.map(|line| format!("filled {line}"));
        assert_eq!(activity(&ledger)[5..], filled, "2 of the bid, 2.5 of the ask, 3.5, 3.5, 4.5");
    }
}

#[test]
fn market_orders_and_gaps_are_filled_at_the_open() {
    for path in PATHS {
        let mut ledger = account();
        place(&mut ledger, &order(LONG, OrderKind::Market));
        place(&mut ledger, &order(SHORT, OrderKind::Market));
        place(&mut ledger, &order(LONG, limit("102")));
        place(&mut ledger, &order(LONG, stop("100")));
        place(&mut ledger, &order(SHORT, limit("99")));
        place(&mut ledger, &order(SHORT, stop("100")));
        place(
            &mut ledger,
            &PlaceOrder { stop_loss: Some(price("101")), ..order(LONG, limit("102")) },
        );
        run_spread(&mut ledger, 20, path, ("100 100 100 100", "1"));
        let filled = [
            "1 1 2 101",
            "2 2 2 100",
            "3 3 2 101",
            "4 4 2 101",
            "5 5 2 100",
            "6 6 2 100",
            "7 7 2 101",
        ];
        let filled = filled.map(|line| format!("filled {line}"));
        assert_eq!(activity(&ledger)[7..], filled);
        assert_eq!(trades(&ledger), ["7 2 100 stop_loss"], "the open is beyond its stop");
        ledger.verify().unwrap();
    }
}

#[test]
fn groups_cancel_each_other() {
    for path in PATHS {
        let mut ledger = account();
        for (side, at) in [(LONG, "95"), (SHORT, "105"), (LONG, "96")] {
            place(&mut ledger, &PlaceOrder { oco: "pair", ..order(side, limit(at)) });
        }
        let beta = PlaceOrder { symbol: "BETA", oco: "pair", ..order(LONG, limit("50")) };
        place(&mut ledger, &beta);
        place(&mut ledger, &order(LONG, limit("94")));
        run(&mut ledger, 20, path, "100 105 97 101");
        let gone = ["cancelled 1 0 2 95 oco", "cancelled 3 0 2 96 oco", "cancelled 4 0 2 50 oco"];
        assert_eq!(activity(&ledger)[5], "filled 2 1 2 105");
        assert_eq!(activity(&ledger)[6..], gone);
        assert_eq!(ledger.orders_resting().count(), 1);
        ledger.verify().unwrap();
    }
}

#[test]
fn orders_expire() {
    for path in PATHS {
        let mut ledger = account();
        let old = PlaceOrder { expiry: Some(20), ..order(LONG, limit("95")) };
        place(&mut ledger, &old);
        place(&mut ledger, &PlaceOrder { kind: limit("90"), ..old });
        place(&mut ledger, &PlaceOrder { symbol: "BETA", ..old });
        run(&mut ledger, 20, path, "100 100 94 100");
        assert_eq!(activity(&ledger)[3..], ["filled 1 1 2 95", "expired 2 0 2 90"]);
        let bars = &[bar("BETA", "90 90 90 90", "0")];
        apply(&mut ledger, &Event::Bar(Bars { time: 21, path: Some(path), bars }));
        assert_eq!(activity(&ledger)[5..], ["expired 3 0 2 95"], "before it can be filled");
        ledger.verify().unwrap();
    }
}

#[test]
fn stops_follow_the_market() {
    for path in PATHS {
        let long = guarded(LONG, trailing("2"));
        let mut ledger = after(&[long], path, ("100 105 99 105", "0"));
        assert_eq!(held(&ledger), ["1 2 100 103 0"]);
        run(&mut ledger, 30, path, "105 105 104 104");
        assert_eq!(held(&ledger), ["1 2 100 103 0"], "it never goes back");
        run(&mut ledger, 40, path, "104 104 102 102");
        assert_eq!(trades(&ledger), ["1 2 103 trailing_stop"]);
        let short = guarded(SHORT, trailing("2"));
        let mut ledger = after(&[short], path, ("99 100 95 95", "1"));
        assert_eq!(held(&ledger), ["1 2 100 98 0"], "the lowest ask is 96");
        run_spread(&mut ledger, 30, path, ("99 99 99 99", "1"));
        assert_eq!(trades(&ledger), ["1 2 100 trailing_stop"]);
        ledger.verify().unwrap();
        let near = Open { stop_loss: Some(price("99")), ..long };
        let ledger = after(&[near], path, ("100 100.99 99.50 100", "0"));
        assert_eq!(held(&ledger), ["1 2 100 99 0"], "the nearer one");
    }
}

#[test]
fn a_fresh_entry_does_not_follow_before_the_next_bar() {
    for path in PATHS {
        let mut ledger = account();
        place(&mut ledger, &PlaceOrder { protection: trailing("2"), ..order(LONG, limit("98")) });
        run(&mut ledger, 20, path, "99 100 97 99.50");
        assert_eq!(held(&ledger), ["1 2 98 96 0"], "{path:?}");
        run(&mut ledger, 30, path, "99.50 100 99 99.50");
        assert_eq!(held(&ledger), ["1 2 98 98 0"], "{path:?}");
        ledger.verify().unwrap();
    }
}

#[test]
fn stops_move_to_the_entry() {
    for path in PATHS {
        let long = guarded(LONG, break_even("3", "1"));
        let mut ledger = after(&[long], path, ("100 102.99 99 102", "0"));
        assert_eq!(held(&ledger), ["1 2 100 0 0"]);
        run(&mut ledger, 30, path, "102 103 102 102");
        assert_eq!(held(&ledger), ["1 2 100 101 0"]);
        run(&mut ledger, 40, path, "102 110 100 102");
        assert_eq!(trades(&ledger), ["1 2 101 break_even"]);
        let short = guarded(SHORT, break_even("3", "1"));
        let ledger = after(&[short], path, ("98 98 96 97", "1"));
        assert_eq!(held(&ledger), ["1 2 100 99 0"]);
        let stopped = Open { stop_loss: Some(price("99.50")), ..long };
        let mut ledger = after(&[stopped], path, ("100 104 100 104", "0"));
        let change = Modify { stop_loss: Change::Set(price("99")), ..Modify::new(1, 20) };
        apply(&mut ledger, &Event::Modify(change));
        run(&mut ledger, 30, path, "104 104 103 104");
        assert_eq!(held(&ledger), ["1 2 100 99 0"], "it happens once");
        run(&mut ledger, 40, path, "98 98 98 98");
        assert_eq!(trades(&ledger), ["1 2 98 stop_loss"]);
    }
}

#[test]
fn positions_end_at_their_time() {
    for path in PATHS {
        let ends = Protection { exit_time: Some(25), ..Protection::NONE };
        let fills = [guarded(LONG, ends), guarded(SHORT, ends), fill(LONG, "", "")];
        let mut ledger = after(&fills, path, ("100 100 100 100", "1"));
        assert!(trades(&ledger).is_empty());
        run_spread(&mut ledger, 25, path, ("102 103 101 101", "1"));
        assert_eq!(trades(&ledger), ["1 2 102 time_exit", "2 2 103 time_exit"]);
        ledger.verify().unwrap();
    }
}

#[test]
fn an_order_without_margin_is_gone() {
    for path in PATHS {
        let small = Configuration { initial_balance: money("30"), ..configuration() };
        let mut ledger = ledger(small);
        let rest = PlaceOrder { oco: "pair", ..order(LONG, OrderKind::Market) };
        place(&mut ledger, &rest);
        place(&mut ledger, &rest);
        place(&mut ledger, &PlaceOrder { oco: "", ..rest });
        place(&mut ledger, &PlaceOrder { oco: "", size: size("40"), ..rest });
        run(&mut ledger, 20, path, "100 100 100 100");
        let lines = ["filled 1 1 2 100", "cancelled 2 0 2 0 oco", "refused 3 0 2 0 margin"];
        assert_eq!(activity(&ledger)[4..7], lines);
        assert_eq!(activity(&ledger)[7], "refused 4 0 40 0 margin");
        ledger.verify().unwrap();
    }
}
