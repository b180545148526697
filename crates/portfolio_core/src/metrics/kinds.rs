//! What each metric is, whether it is defined or not: a table of metrics has a type for each.

use super::Value;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exact money.
    Money,
    /// A statistic.
    Float,
    /// A count.
    Count,
    /// Microseconds since the epoch.
    Time,
    /// Microseconds.
    Duration,
    /// Yes or no.
    Flag,
}

impl Kind {
    /// What the metric of a name is.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name {
            "initial_equity"
            | "final_equity"
            | "net_profit"
            | "max_drawdown_amount"
            | "gross_profit"
            | "gross_loss"
            | "total_net_pnl"
            | "largest_win"
            | "largest_loss"
            | "worst_mae"
            | "total_commission"
            | "total_swap"
            | "total_slippage" => Self::Money,
            "ruined" | "short_sample" | "sqn_uses_risk" => Self::Flag,
            "max_consecutive_wins" | "max_consecutive_losses" => Self::Count,
            _ if name.ends_with("_count") => Self::Count,
            _ if name.ends_with("_duration") => Self::Duration,
            _ if name.ends_with("_time") && name != "exposure_time" => Self::Time,
            _ => Self::Float,
        }
    }
}

impl Value {
    /// What it is.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Money(_) => Kind::Money,
            Self::Float(_) => Kind::Float,
            Self::Count(_) => Kind::Count,
            Self::Time(_) => Kind::Time,
            Self::Duration(_) => Kind::Duration,
            Self::Flag(_) => Kind::Flag,
        }
    }
}
