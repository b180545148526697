//! What has a tag, found without a look at all that is open or rests.
//!
//! Only what may be meant is found here; whether it is, the account says. So nothing has to be told
//! of what ends: it is left out when its tag is asked for the next time.

use std::collections::BTreeSet;
use std::ops::Bound;

use hashbrown::HashMap;

/// Up to so many are looked at one by one, which takes less than to keep an index of them. Debug
/// builds hold the index against such a look, so they use it almost always.
const FEW: usize = if cfg!(debug_assertions) { 1 } else { 16 };

/// Positions or orders by their tag. Their numbers only rise, and a tag never changes.
#[derive(Debug, Default)]
pub(super) struct Tags(HashMap<u32, OfSymbol>);

#[derive(Debug, Default)]
struct OfSymbol {
    /// The last number that the lists know.
    known: u64,
    lists: HashMap<String, Vec<u64>>,
}

impl Tags {
    /// The numbers, ascending, among which all are that a symbol has with a tag; all of them for
    /// the empty one. `text` gives the tag of a number.
    pub(super) fn candidates(
        &mut self,
        (symbol, tag): (u32, &str),
        all: &BTreeSet<u64>,
        text: impl Fn(u64) -> Option<String>,
    ) -> Vec<u64> {
        if tag.is_empty() || all.len() <= FEW {
            return all.iter().copied().collect();
        }
        let OfSymbol { known, lists } = self.0.entry(symbol).or_default();
        for &number in all.range((Bound::Excluded(*known), Bound::Unbounded)) {
            lists.entry(text(number).unwrap_or_default()).or_default().push(number);
            *known = number;
        }
        let Some(list) = lists.get_mut(tag) else { return Vec::new() };
        list.retain(|number| all.contains(number));
        list.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_tag_is_found_and_what_has_ended_is_left_out() {
        let mut tags = Tags::default();
        let tag_of = |number: u64| Some(format!("tag {}", number % 3));
        let mut all: BTreeSet<u64> = (1..=60).collect();
        let of = |number: u64, all: &BTreeSet<u64>| -> Vec<u64> {
            all.iter().copied().filter(|one| one % 3 == number).collect()
        };
        assert_eq!(tags.candidates((7, "tag 1"), &all, tag_of), of(1, &all));
        all.retain(|number| number % 2 == 0);
        all.extend(61..=70);
        assert_eq!(tags.candidates((7, "tag 1"), &all, tag_of), of(1, &all));
        assert_eq!(tags.candidates((7, "tag 2"), &all, tag_of), of(2, &all));
        assert_eq!(tags.candidates((7, "none"), &all, tag_of), []);
        assert_eq!(tags.candidates((8, "tag 0"), &all, tag_of), of(0, &all));
        // Few are all there are, and without a tag all are meant.
        let every: Vec<u64> = all.iter().copied().collect();
        assert_eq!(tags.candidates((7, ""), &all, tag_of), every);
        let few = BTreeSet::from([71]);
        assert_eq!(tags.candidates((7, "none"), &few, tag_of), [71]);
        // Numbers that came while there were few are caught up with.
        all.extend(71..=80);
        assert_eq!(tags.candidates((7, "tag 0"), &all, tag_of), of(0, &all));
    }
}
