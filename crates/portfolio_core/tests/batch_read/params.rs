//! Parameters: each column overrides its part, and what an overridden row is.

use portfolio_core::batch::orders::{Action, LevelGiven, OrderRow, SizeRule};
use portfolio_core::batch::{Fill, Overrides};
use portfolio_core::event::{Path, Side};
use portfolio_core::ledger::Mode;
use portfolio_core::numbers::Money;
use portfolio_core::terms::{
    ChargedOn, Commission, CommissionKind, CommissionTier, Slippage, SlippageKind,
};

use super::{bare, frame, price, read_params, size};

const ONE: i128 = 1_000_000_000;

fn overrides(row: &str) -> Overrides {
    read_params(&frame(&[row]), &[]).unwrap().overrides(0)
}

fn commission(kind: CommissionKind, raw: i128) -> Commission {
    let tier = CommissionTier { volume: None, taker: raw, maker: raw };
    Commission { kind, tiers: vec![tier], minimum: None, on: ChargedOn::Both }
}

#[test]
fn each_column_overrides_its_part() {
    let none = Overrides::default;
    let at = |text: &str| LevelGiven::Price(price(text));
    let away = |text: &str| LevelGiven::Distance(price(text));
    let rate = LevelGiven::Rate(ONE / 100);
    let slippage = |kind| Some(Slippage { kind, value: ONE / 2, seed: 0 });
    let balance = Some(Money::parse("5000").unwrap());
    let cases = [
        ("size=2.5", Overrides { size: Some(size("2.5")), ..none() }),
        ("size_rule=equity", Overrides { rule: Some(SizeRule::Equity), ..none() }),
        ("side=sell", Overrides { side: Some(Side::Short), ..none() }),
        ("stop_loss=0", Overrides { stop_loss: at("0"), ..none() }),
        ("stop_loss_distance=2", Overrides { stop_loss: away("2"), ..none() }),
        ("stop_loss_rate=0.01", Overrides { stop_loss: rate, ..none() }),
        ("take_profit=3", Overrides { take_profit: at("3"), ..none() }),
        ("take_profit_distance=2", Overrides { take_profit: away("2"), ..none() }),
        ("take_profit_rate=0.01", Overrides { take_profit: rate, ..none() }),
        ("trailing=2", Overrides { trailing: away("2"), ..none() }),
        ("trailing_rate=0.01", Overrides { trailing: rate, ..none() }),
        ("break_even=4", Overrides { break_even: Some(price("4")), ..none() }),
        ("break_even_offset=1", Overrides { break_even_offset: Some(price("1")), ..none() }),
        ("initial_balance=5000", Overrides { initial_balance: balance, ..none() }),
        ("leverage=30", Overrides { leverage: Some(30 * ONE), ..none() }),
        ("mode=netting", Overrides { mode: Some(Mode::Netting), ..none() }),
        ("path=olhc", Overrides { path: Some(Path::Olhc), ..none() }),
        ("fill=close", Overrides { fill: Some(Fill::Close), ..none() }),
        ("margin_call=100", Overrides { margin_call: Some(100 * ONE), ..none() }),
        ("stop_out=50", Overrides { stop_out: Some(50 * ONE), ..none() }),
        ("slippage_points=0.5", Overrides { slippage: slippage(SlippageKind::Points), ..none() }),
        ("slippage_rate=0.5", Overrides { slippage: slippage(SlippageKind::Rate), ..none() }),
    ];
    for (row, wanted) in cases {
        assert_eq!(overrides(row), wanted, "{row}");
        let (name, _) = row.split_once('=').unwrap();
        assert_eq!(overrides(&format!("{name}=_")), none(), "{row}");
    }
    let cases = [
        ("commission_rate=0.5", commission(CommissionKind::Rate, ONE / 2)),
        ("commission_per_lot=-0.5", commission(CommissionKind::PerLot, -ONE * ONE / 2)),
        ("commission_per_unit=0.5", commission(CommissionKind::PerUnit, ONE * ONE / 2)),
        ("commission_per_trade=0.5", commission(CommissionKind::PerTrade, ONE * ONE / 2)),
    ];
    for (row, commission) in cases {
        assert_eq!(overrides(row), Overrides { commission: Some(commission), ..none() }, "{row}");
    }
}

#[test]
fn runs_have_their_ids_in_the_order_of_the_rows() {
    let params = read_params(&frame(&["run_id=9 size=1", "run_id=2 size=_"]), &[]).unwrap();
    assert_eq!((params.run_ids(), params.len(), params.is_empty()), (&[9, 2][..], 2, false));
    assert_eq!(params.overrides(1), Overrides::default());
    assert_eq!(params.overrides(2), Overrides::default(), "behind the last");
    let params = read_params(&frame(&["size=1", "size=2", "size=3"]), &[]).unwrap();
    assert_eq!(params.run_ids(), [0, 1, 2]);
    let params = read_params(&frame(&["size=1"]).slice(0, 0), &[]).unwrap();
    assert!(params.is_empty());
}

#[test]
fn labels_mean_nothing() {
    let rows = ["fast=1 side=x size=2 run_id=4"];
    let params = read_params(&frame(&rows), &["fast", "side", "run_id"]).unwrap();
    assert_eq!(params.run_ids(), [4]);
    assert_eq!(params.overrides(0), Overrides { size: Some(size("2")), ..Overrides::default() });
}

#[test]
fn overrides_change_opens_and_sizes_of_targets() {
    let changes = overrides(
        "size=3 size_rule=value side=buy stop_loss_distance=1 take_profit=0 trailing=0 \
         break_even=0 break_even_offset=0",
    );
    let row = |action| OrderRow {
        side: Some(Side::Short),
        size: Some(size("1")),
        stop_loss: LevelGiven::Price(price("5")),
        take_profit: LevelGiven::Price(price("6")),
        trailing: LevelGiven::Rate(1),
        break_even: Some(price("2")),
        break_even_offset: Some(price("1")),
        tag: "kept",
        ..bare(3, 7, action)
    };
    let (three, rule) = (Some(size("3")), SizeRule::Value);
    let open = OrderRow {
        side: Some(Side::Long),
        size: three,
        rule,
        stop_loss: LevelGiven::Distance(price("1")),
        tag: "kept",
        ..bare(3, 7, Action::Open)
    };
    assert_eq!(changes.apply(row(Action::Open)), open);
    let target = OrderRow { size: three, rule, ..row(Action::Target) };
    assert_eq!(changes.apply(row(Action::Target)), target);
    for action in [Action::Close, Action::Modify, Action::Cancel] {
        assert_eq!(changes.apply(row(action)), row(action));
    }
    let without = overrides("break_even=0").apply(row(Action::Open));
    assert_eq!((without.break_even, without.break_even_offset), (None, None));
    let nothing = Overrides::default();
    for action in [Action::Open, Action::Target, Action::Close, Action::Modify, Action::Cancel] {
        assert_eq!(nothing.apply(row(action)), row(action));
    }
}
