//! What may stand in a line of a case file: statements with their keys.

/// Keys of a call whose value is an integer.
pub(crate) const WHOLE_KEYS: [&str; 8] = [
    "position_id",
    "other_id",
    "order_id",
    "price_decimals",
    "size_decimals",
    "multiplier",
    "numerator",
    "denominator",
];

/// Keys of a call whose value is a time.
pub(crate) const TIME_KEYS: [&str; 4] = ["time", "exit_time", "expiry", "pay_time"];

/// Keys of an instrument whose value is a term.
pub(crate) const TERM_KEYS: [&str; 4] = ["margin", "commission", "slippage", "swap"];

/// What a call gives back.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Gives {
    Nothing,
    Id,
    Amount,
    Trade,
    /// How many trades it made.
    Count,
}

/// What may stand on a line that starts with `word`.
pub(crate) struct Form {
    pub(crate) word: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) required: &'static [&'static str],
    pub(crate) optional: &'static [&'static str],
    /// How few and how many numbers a `SYMBOL=` has; none if there is no such thing.
    pub(crate) quotes: Option<(usize, usize)>,
    pub(crate) gives: Gives,
}

const FORM: Form = Form {
    word: "",
    names: &[],
    required: &[],
    optional: &[],
    quotes: None,
    gives: Gives::Nothing,
};

pub(crate) const FORMS: [Form; 21] = [
    Form {
        word: "account",
        required: &["balance"],
        optional: &[
            "currency",
            "leverage",
            "mode",
            "floats",
            "rounding",
            "off_grid",
            "margin_call",
            "stop_out",
            "path",
            "pivot",
        ],
        ..FORM
    },
    Form {
        word: "instrument",
        names: &["symbol"],
        optional: &[
            "price_decimals",
            "size_decimals",
            "contract_size",
            "quote_currency",
            "leverage",
            "tick_size",
            "lot_step",
            "min_size",
            "max_size",
            "base_currency",
            "inverse",
            "margin",
            "commission",
            "slippage",
            "swap",
        ],
        ..FORM
    },
    Form {
        word: "open",
        names: &["symbol", "side"],
        required: &["size", "price", "time"],
        optional: &[
            "stop_loss",
            "take_profit",
            "fee",
            "tag",
            "position_id",
            "trailing",
            "break_even",
            "targets",
            "exit_time",
        ],
        gives: Gives::Id,
        ..FORM
    },
    Form {
        word: "close",
        names: &["position_id"],
        required: &["price", "time"],
        optional: &["size", "fee", "reason"],
        gives: Gives::Trade,
        ..FORM
    },
    Form {
        word: "close_by",
        names: &["position_id", "other_id"],
        required: &["time"],
        optional: &["size", "fee"],
        ..FORM
    },
    Form {
        word: "modify",
        names: &["position_id"],
        required: &["time"],
        optional: &["stop_loss", "take_profit", "trailing", "break_even", "targets", "exit_time"],
        ..FORM
    },
    Form {
        word: "order",
        names: &["symbol", "side"],
        required: &["size", "time"],
        optional: &[
            "type",
            "price",
            "expiry",
            "oco",
            "stop_loss",
            "take_profit",
            "trailing",
            "break_even",
            "targets",
            "exit_time",
            "tag",
        ],
        gives: Gives::Id,
        ..FORM
    },
    Form { word: "cancel", names: &["order_id"], required: &["time"], ..FORM },
    Form { word: "mark", optional: &["time"], quotes: Some((1, 2)), ..FORM },
    Form { word: "update_equity", required: &["time"], quotes: Some((1, 2)), ..FORM },
    Form { word: "quotes", required: &["time"], quotes: Some((1, 2)), gives: Gives::Count, ..FORM },
    Form {
        word: "bar",
        required: &["time"],
        optional: &["path"],
        quotes: Some((4, 5)),
        gives: Gives::Count,
        ..FORM
    },
    Form {
        word: "fee",
        names: &["amount"],
        required: &["time"],
        optional: &["position_id"],
        ..FORM
    },
    Form {
        word: "deposit",
        names: &["amount"],
        required: &["time"],
        optional: &["currency"],
        ..FORM
    },
    Form {
        word: "withdraw",
        names: &["amount"],
        required: &["time"],
        optional: &["currency"],
        ..FORM
    },
    Form {
        word: "convert",
        names: &["amount", "from_currency", "to_currency"],
        required: &["time"],
        optional: &["rate"],
        ..FORM
    },
    Form {
        word: "charge_swap",
        names: &["symbol"],
        required: &["time"],
        optional: &["long", "short", "kind", "multiplier"],
        ..FORM
    },
    Form { word: "rollover", names: &["symbol"], required: &["time"], ..FORM },
    Form {
        word: "dividend",
        names: &["symbol", "amount"],
        required: &["time"],
        optional: &["pay_time"],
        ..FORM
    },
    Form {
        word: "split",
        names: &["symbol", "numerator", "denominator"],
        required: &["time"],
        ..FORM
    },
    Form { word: "margin", optional: &["size", "price"], gives: Gives::Amount, ..FORM },
];
