//! What happens within a bar (SPEC section 18), computed by hand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cells;
#[expect(dead_code, reason = "each test uses its part")]
mod example;
mod market;

use example::{money, name, price, quote, refuse, size};
use market::{
    account, activity, apply, balance, bar, break_even, configuration, fill, held, ledger, limit,
    order, place, run, run_spread, stop, target, trades, trailing,
};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Bar, Bars, Change, Event, Marks, Modify, Open, OrderKind, Path, PlaceOrder, Protection, Side,
};
use portfolio_core::ledger::{BatchSize, Configuration, Ledger, Mode};
use portfolio_core::numbers::Price;

const PATHS: [Path; 4] = [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc];
const LONG: Side = Side::Long;
const SHORT: Side = Side::Short;

/// A ledger with these fills, after one bar at time 20.
fn after(fills: &[Open<'_>], path: Path, prices: (&str, &str)) -> Ledger {
    let mut ledger = account();
    for fill in fills {
        apply(&mut ledger, &Event::Open(*fill));
    }
    run_spread(&mut ledger, 20, path, prices);
    ledger.verify().unwrap();
    ledger
}

fn guarded(side: Side, protection: Protection<'_>) -> Open<'_> {
    Open { protection, ..fill(side, "", "") }
}

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
        place(&mut ledger, protected);
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
        place(&mut ledger, PlaceOrder { stop_loss: None, ..protected });
        run(&mut ledger, 20, path, "100 101 98 99");
        assert_eq!((trades(&ledger).len(), ledger.ambiguous_count()), (0, 0));
        run(&mut ledger, 30, path, "100 103 100 101");
        assert_eq!(trades(&ledger), ["1 2 103 take_profit"]);
    }
    let mut ledger = account();
    place(&mut ledger, PlaceOrder { stop_loss: None, ..protected });
    run(&mut ledger, 20, Path::Pessimistic, "100 104 97 102");
    assert_eq!((trades(&ledger).len(), ledger.ambiguous_count()), (0, 1), "it waits");
    run(&mut ledger, 30, Path::Pessimistic, "103.50 104 102 102");
    assert_eq!(trades(&ledger), ["1 2 103.5 take_profit"]);
}

#[test]
fn a_walk_goes_on_with_what_it_opened() {
    let enter = PlaceOrder { take_profit: Some(price("103")), ..order(LONG, limit("98")) };
    let mut ledger = account();
    place(&mut ledger, enter);
    run(&mut ledger, 20, Path::Olhc, "100 104 97 99");
    assert_eq!(trades(&ledger), ["1 2 103 take_profit"], "down to 98, up to 103");
    let breakout = PlaceOrder { stop_loss: Some(price("99")), ..order(LONG, stop("102")) };
    for (path, count) in [(Path::Ohlc, 1), (Path::Olhc, 1)] {
        let mut ledger = account();
        place(&mut ledger, breakout);
        run(&mut ledger, 20, path, "100 104 98 98.50");
        assert_eq!(trades(&ledger).len(), count, "{path:?}");
    }
    let mut ledger = account();
    place(&mut ledger, breakout);
    run(&mut ledger, 20, Path::Olhc, "100 104 98 99.50");
    assert_eq!((trades(&ledger).len(), held(&ledger)), (0, vec!["1 2 102 99 0".to_owned()]));
    // A level of the ask counts at level - spread: the limit at 98 is met at a bid of 97.
    let mut ledger = account();
    place(&mut ledger, enter);
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
    place(&mut ledger, order(LONG, limit("95")));
    place(&mut ledger, order(SHORT, stop("95")));
    place(&mut ledger, order(SHORT, stop("95")));
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
            place(&mut ledger, order(LONG, kind));
        }
        place(&mut ledger, order(LONG, stop("104")));
        place(&mut ledger, order(SHORT, limit("102")));
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
        place(&mut ledger, order(LONG, OrderKind::Market));
        place(&mut ledger, order(SHORT, OrderKind::Market));
        place(&mut ledger, order(LONG, limit("102")));
        place(&mut ledger, order(LONG, stop("100")));
        place(&mut ledger, order(SHORT, limit("99")));
        place(&mut ledger, order(SHORT, stop("100")));
        place(
            &mut ledger,
            PlaceOrder { stop_loss: Some(price("101")), ..order(LONG, limit("102")) },
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
            place(&mut ledger, PlaceOrder { oco: "pair", ..order(side, limit(at)) });
        }
        let beta = PlaceOrder { symbol: "BETA", oco: "pair", ..order(LONG, limit("50")) };
        place(&mut ledger, beta);
        place(&mut ledger, order(LONG, limit("94")));
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
        place(&mut ledger, old);
        place(&mut ledger, PlaceOrder { kind: limit("90"), ..old });
        place(&mut ledger, PlaceOrder { symbol: "BETA", ..old });
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
    for (path, stop) in [
        (Path::Pessimistic, "96"),
        (Path::Optimistic, "96"),
        (Path::Ohlc, "98"),
        (Path::Olhc, "98"),
    ] {
        let mut ledger = account();
        place(&mut ledger, PlaceOrder { protection: trailing("2"), ..order(LONG, limit("98")) });
        run(&mut ledger, 20, path, "99 100 97 99.50");
        assert_eq!(held(&ledger), [format!("1 2 98 {stop} 0")], "{path:?}");
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
        place(&mut ledger, rest);
        place(&mut ledger, rest);
        place(&mut ledger, PlaceOrder { oco: "", ..rest });
        place(&mut ledger, PlaceOrder { oco: "", size: size("40"), ..rest });
        run(&mut ledger, 20, path, "100 100 100 100");
        let lines = ["filled 1 1 2 100", "cancelled 2 0 2 0 oco", "refused 3 0 2 0 margin"];
        assert_eq!(activity(&ledger)[4..7], lines);
        assert_eq!(activity(&ledger)[7], "refused 4 0 40 0 margin");
        ledger.verify().unwrap();
    }
}

/// 1,000 and 50 units at 100 with leverage 10: equity is 1,000 + 50 (p - 100), margin 500.
fn leveraged(side: Side, stop_out: &str, margin_call: &str) -> Ledger {
    let percent = |text: &str| (!text.is_empty()).then(|| price(text).raw());
    let mut ledger = ledger(Configuration {
        initial_balance: money("1000"),
        stop_out: percent(stop_out),
        margin_call: percent(margin_call),
        ..configuration()
    });
    apply(&mut ledger, &Event::Open(Open { size: size("50"), ..fill(side, "", "") }));
    ledger
}

#[test]
fn a_stop_out_is_at_the_first_price_below() {
    for path in PATHS {
        // Below when equity < 250: 85 is not, 84.99 is.
        let mut ledger = leveraged(LONG, "50", "");
        run(&mut ledger, 20, path, "100 101 85 90");
        assert!(trades(&ledger).is_empty());
        run(&mut ledger, 30, path, "100 101 80 90");
        assert_eq!(trades(&ledger), ["1 50 84.99 stop_out"]);
        assert_eq!(activity(&ledger), ["stop_out 0 1 50 84.99"]);
        assert_eq!(balance(&ledger), money("249.5"));
        assert_eq!(ledger.book("ACME").unwrap().bid, price("90"));
        let mut ledger = leveraged(LONG, "50", "");
        run(&mut ledger, 20, path, "80 101 79 90");
        assert_eq!(trades(&ledger), ["1 50 80 stop_out"], "below at the open");
        // A short at the ask: equity is 1,000 + 50 (100 - p - 1), below from a bid of 114.01 on.
        let mut ledger = leveraged(SHORT, "50", "");
        run_spread(&mut ledger, 20, path, ("100 120 99 100", "1"));
        assert_eq!(trades(&ledger), ["1 50 115.01 stop_out"]);
        ledger.verify().unwrap();
    }
}

#[test]
fn a_stop_out_takes_the_worst_position_and_asks_again() {
    // Longs of 25 at 100 and of 25 at 90: equity is 1,000 + 25 (2p - 190), margin 475 and then 225.
    let mut account = leveraged(LONG, "50", "100");
    let close = portfolio_core::event::Close { size: Some(size("25")), ..example::close() };
    apply(&mut account, &Event::Close(close));
    let more = Open { size: size("25"), price: price("90"), ..fill(LONG, "", "") };
    apply(&mut account, &Event::Open(more));
    // Below 237.5 from 79.74 on (1,000 + 25 * -30.52 = 237); 25 * -20.26 = -506.5 are realized.
    // Then 1,000 - 506.5 + 25 (p - 90) < 112.5 from 74.75 on.
    run(&mut account, 20, Path::Pessimistic, "100 101 70 72");
    let trades = trades(&account);
    assert_eq!(trades[1..], ["1 25 79.74 stop_out", "2 25 74.75 stop_out"]);
    assert_eq!(balance(&account), money("112.25"));
    account.verify().unwrap();
}

#[test]
fn without_a_bar_the_marks_decide() {
    let mut ledger = leveraged(LONG, "50", "100");
    apply(
        &mut ledger,
        &Event::Mark(Marks { time: Some(11), quotes: &[quote("ACME", "80", "81")] }),
    );
    assert_eq!(activity(&ledger), ["margin_call 0 0 0 0"]);
    let bars = &[bar("BETA", "100 100 100 100", "0")];
    apply(&mut ledger, &Event::Bar(Bars { time: 20, path: None, bars }));
    assert_eq!(trades(&ledger), ["1 50 80 stop_out"]);
    let mut ledger = leveraged(LONG, "50", "100");
    let quotes = &[quote("ACME", "84", "85")];
    apply(&mut ledger, &Event::Quotes(Marks { time: Some(20), quotes }));
    assert_eq!(trades(&ledger), ["1 50 84 stop_out"]);
    ledger.verify().unwrap();
}

#[test]
fn a_margin_call_is_noted_once() {
    // Below 100 percent when equity < 500: from 89.99 on.
    let mut ledger = leveraged(LONG, "", "100");
    for (time, prices, count) in [
        (20, "90 90 89 90", 0),
        (30, "89 89 89 89", 1),
        (40, "88 88 88 88", 1),
        (50, "95 95 95 95", 1),
        (60, "89 89 89 89", 2),
    ] {
        run(&mut ledger, time, Path::Pessimistic, prices);
        assert_eq!(activity(&ledger), vec!["margin_call 0 0 0 0"; count], "{time}");
    }
    ledger.verify().unwrap();
}

#[test]
fn fills_of_a_netting_account() {
    for path in PATHS {
        let netting = Configuration { mode: Mode::Netting, ..configuration() };
        let mut ledger = ledger(netting);
        let guarded = PlaceOrder {
            stop_loss: Some(price("90")),
            take_profit: Some(price("120")),
            ..order(LONG, limit("98"))
        };
        place(&mut ledger, guarded);
        run(&mut ledger, 20, path, "100 100 98 98");
        place(
            &mut ledger,
            PlaceOrder {
                stop_loss: Some(price("95")),
                take_profit: None,
                time: 20,
                ..order(LONG, limit("96"))
            },
        );
        run(&mut ledger, 30, path, "98 98 96 96");
        assert_eq!(held(&ledger), ["1 4 97 95 120"], "increased, with the new stop");
        place(&mut ledger, PlaceOrder { size: size("1"), time: 30, ..order(SHORT, limit("97")) });
        run(&mut ledger, 40, path, "96 97 96 96");
        assert_eq!(held(&ledger), ["1 3 97 95 120"]);
        assert_eq!(trades(&ledger), ["1 1 97 reduce"]);
        place(&mut ledger, PlaceOrder { size: size("5"), time: 40, ..order(SHORT, limit("98")) });
        run(&mut ledger, 50, path, "96 98 96 96");
        assert_eq!(held(&ledger), ["2 2 98 0 0"]);
        assert_eq!(trades(&ledger)[1..], ["1 3 98 flip"]);
        let filled: Vec<String> =
            activity(&ledger).into_iter().filter(|line| line.starts_with('f')).collect();
        assert_eq!(
            filled,
            ["filled 1 1 2 98", "filled 2 1 2 96", "filled 3 1 1 97", "filled 4 2 5 98"]
        );
        ledger.verify().unwrap();
    }
}

#[test]
fn a_netting_increase_may_be_stopped_in_its_bar() {
    let netting = Configuration { mode: Mode::Netting, ..configuration() };
    let mut ledger = ledger(netting);
    apply(&mut ledger, &Event::Open(fill(LONG, "", "")));
    place(&mut ledger, PlaceOrder { stop_loss: Some(price("96")), ..order(LONG, limit("98")) });
    run(&mut ledger, 20, Path::Pessimistic, "100 100 95 95");
    assert_eq!(trades(&ledger), ["1 4 96 stop_loss"]);
    ledger.verify().unwrap();
}

#[test]
fn several_symbols_take_each_step_together() {
    let mut ledger = account();
    for symbol in ["ACME", "BETA"] {
        apply(&mut ledger, &Event::Open(Open { symbol, ..fill(LONG, "95", "") }));
        place(&mut ledger, PlaceOrder { symbol, ..order(LONG, limit("96")) });
    }
    let bars = [bar("BETA", "100 100 94 100", "0"), bar("ACME", "100 100 94 99", "0")];
    apply(&mut ledger, &Event::Bar(Bars { time: 20, path: None, bars: &bars }));
    assert_eq!(trades(&ledger), ["2 2 95 stop_loss", "1 2 95 stop_loss"]);
    assert_eq!(activity(&ledger)[2..], ["filled 2 3 2 96", "filled 1 4 2 96"]);
    let equity = ledger.equity_curve(View::Exact).unwrap();
    assert_eq!(market::rows(&equity, &["time", "unrealized_pnl"]), ["20 14"]);
    apply(&mut ledger, &Event::Bar(Bars { time: 30, path: None, bars: &[] }));
    assert_eq!(ledger.equity_curve(View::Exact).unwrap().rows, 2);
    ledger.verify().unwrap();
}

#[test]
fn quotes_are_bars_of_one_price() {
    let mut ledger = account();
    apply(&mut ledger, &Event::Open(guarded(LONG, trailing("2"))));
    apply(&mut ledger, &Event::Open(fill(SHORT, "", "95")));
    place(&mut ledger, order(LONG, stop("104")));
    let mut tick = |time, bid: &str, ask: &str| {
        let quotes = &[quote("ACME", bid, ask)];
        apply(&mut ledger, &Event::Quotes(Marks { time: Some(time), quotes }));
    };
    tick(20, "103", "104");
    tick(20, "102.50", "103");
    tick(30, "101", "102");
    tick(30, "94", "95");
    assert_eq!(activity(&ledger)[1..], ["filled 1 3 2 104"]);
    assert_eq!(trades(&ledger), ["1 2 101 trailing_stop", "2 2 95 take_profit"]);
    ledger.verify().unwrap();
}

#[test]
fn excursions_see_the_extremes_of_a_bar_that_was_survived() {
    let seen = |ledger: &Ledger| {
        market::rows(&ledger.trades(View::Exact).unwrap(), &["position_id", "mae", "mfe"])
    };
    for path in PATHS {
        let mut ledger = after(&[fill(LONG, "90", "")], path, ("100 107 95 101", "0"));
        place(&mut ledger, PlaceOrder { time: 20, ..order(LONG, limit("99")) });
        run(&mut ledger, 30, path, "101 106 89 104");
        // The first one did not survive: its extremes are those of the bar before, and its exit.
        assert_eq!(seen(&ledger), ["1 -20 14"], "{path:?}");
        run(&mut ledger, 40, path, "103 105 102 103");
        let close = portfolio_core::event::Close {
            position_id: 2,
            time: 40,
            price: price("103"),
            ..example::close()
        };
        apply(&mut ledger, &Event::Close(close));
        assert_eq!(seen(&ledger)[1..], ["2 0 12"], "not the extremes of its own bar: {path:?}");
        ledger.verify().unwrap();
    }
}

#[test]
fn bars_that_cannot_be_change_nothing() {
    let mut ledger = account();
    apply(&mut ledger, &Event::Open(fill(LONG, "95", "")));
    run(&mut ledger, 20, Path::Pessimistic, "100 100 100 100");
    let good = bar("ACME", "100 102 98 101", "0.50");
    let beta = bar("BETA", "100 102 98 101", "0.50");
    let cases = [
        (good, 19, "TimeRunsBackwards time"),
        (Bar { symbol: " ", ..good }, 30, "SymbolNotAllowed symbol"),
        (Bar { symbol: "BETA", ..good }, 30, "SymbolTwice symbol"),
        (good, 20, "BarNotLater time"),
        (Bar { open: Price::ZERO, ..good }, 30, "PriceMustBePositive open"),
        (Bar { high: price("102.001"), ..good }, 30, "PriceOffGrid high"),
        (Bar { low: Price::ZERO, ..good }, 30, "PriceMustBePositive low"),
        (Bar { close: price("0.001"), ..good }, 30, "PriceOffGrid close"),
        (Bar { spread: price("-1"), ..good }, 30, "PriceNegative spread"),
        (Bar { spread: price("0.001"), ..good }, 30, "PriceOffGrid spread"),
        (Bar { low: price("101"), high: price("99"), ..good }, 30, "BarNotAllowed low"),
        (Bar { high: price("100.50"), ..good }, 30, "BarNotAllowed high"),
    ];
    for (wrong, time, answer) in cases {
        let bars = &[beta, wrong];
        let refusal = refuse(&mut ledger, &Event::Bar(Bars { time, path: None, bars }));
        assert_eq!(format!("{} {}", name(&refusal), refusal.argument()), answer);
    }
    let bars = &[Bar { symbol: "NEW", ..good }, Bar { high: price("1"), ..good }];
    refuse(&mut ledger, &Event::Bar(Bars { time: 30, path: None, bars }));
    assert!(ledger.symbol_index("NEW").is_none());
    let quotes = &[quote("ACME", "2", "1")];
    let crossed = refuse(&mut ledger, &Event::Quotes(Marks { time: Some(30), quotes }));
    assert_eq!((name(&crossed).as_str(), crossed.argument()), ("QuoteCrossed", "quotes"));
    ledger.verify().unwrap();
}

/// A ledger with everything that a bar can change.
fn busy() -> Ledger {
    let mut ledger = account();
    let targets = &[target("104", "0.5"), target("102", "1")];
    let protection = Protection { targets, ..trailing("3") };
    apply(&mut ledger, &Event::Open(Open { protection, ..fill(LONG, "", "") }));
    apply(&mut ledger, &Event::Open(fill(SHORT, "103", "95")));
    place(&mut ledger, PlaceOrder { oco: "pair", ..order(LONG, limit("98")) });
    place(&mut ledger, PlaceOrder { oco: "pair", expiry: Some(20), ..order(SHORT, limit("105")) });
    place(&mut ledger, PlaceOrder { protection, expiry: Some(11), ..order(LONG, limit("99")) });
    place(&mut ledger, PlaceOrder { protection, ..order(LONG, limit("99.50")) });
    ledger
}

#[test]
fn a_refusal_in_the_middle_takes_everything_back() {
    for path in PATHS {
        let mut ledger = busy();
        let huge = size("1000000000000000000000");
        let broken = place(&mut ledger, PlaceOrder { size: huge, ..order(LONG, limit("97")) });
        let bars = &[bar("ACME", "100 106 94 101", "0"), bar("NEW", "1 1 1 1", "0")];
        let event = Event::Bar(Bars { time: 20, path: Some(path), bars });
        let before = (held(&ledger), trades(&ledger), activity(&ledger), ledger.ambiguous_count());
        let refusal = refuse(&mut ledger, &event);
        assert_eq!((refusal.code().number(), refusal.argument()), (4010, "bars"));
        refuse(&mut ledger, &event);
        let now = (held(&ledger), trades(&ledger), activity(&ledger), ledger.ambiguous_count());
        assert_eq!(now, before);
        let cancel = portfolio_core::event::CancelOrder { order_id: broken, time: 20 };
        apply(&mut ledger, &Event::CancelOrder(cancel));
        let mut other = busy();
        place(&mut other, PlaceOrder { size: huge, ..order(LONG, limit("97")) });
        apply(&mut other, &Event::CancelOrder(cancel));
        for ledger in [&mut ledger, &mut other] {
            apply(ledger, &event);
            run(ledger, 30, path, "101 107 93 100");
        }
        assert_eq!(ledger.digest(), other.digest(), "the index is what it was, too");
        assert_eq!(trades(&ledger), trades(&other));
        ledger.verify().unwrap();
    }
}

#[test]
fn a_batch_takes_bars_back() {
    for path in PATHS {
        let mut ledger = busy();
        let digest = ledger.digest();
        let bars = &[bar("ACME", "100 106 94 101", "0")];
        let event = Event::Bar(Bars { time: 20, path: Some(path), bars });
        let last = Event::Bar(Bars { time: 30, path: Some(path), bars });
        let late = PlaceOrder { time: 20, ..order(LONG, limit("90")) };
        let huge = PlaceOrder { size: size("1000000000000000000000"), kind: limit("96"), ..late };
        ledger.begin_batch(BatchSize::default()).unwrap();
        ledger.apply_in_batch(&event, None).unwrap();
        ledger.apply_in_batch(&Event::PlaceOrder(huge), None).unwrap();
        ledger.apply_in_batch(&last, None).unwrap_err();
        ledger.rewind_batch();
        assert_eq!(ledger.digest(), digest);
        ledger.begin_batch(BatchSize::default()).unwrap();
        ledger.apply_in_batch(&event, None).unwrap();
        ledger.apply_in_batch(&Event::PlaceOrder(late), None).unwrap();
        ledger.apply_in_batch(&last, None).unwrap();
        ledger.commit_batch();
        ledger.verify().unwrap();
        let mut other = busy();
        apply(&mut other, &event);
        place(&mut other, late);
        apply(&mut other, &last);
        assert_eq!(ledger.digest(), other.digest());
    }
}
