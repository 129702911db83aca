//! Folding what repeats, so that thousands of parts stay readable.

use std::ops::Range;

/// The longest sequence whose repetition is noticed: the blocks of one frame.
const LONGEST_PERIOD: usize = 8;

/// So many repetitions are worth folding when they hide at least so many items.
const FEWEST: usize = 4;
const LONG: usize = 8;

/// A stretch of a list: shown as it is, or as one `period` that stands for `times` repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) shown: Range<usize>,
    pub(super) times: usize,
}

impl Stretch {
    /// All items that the stretch stands for.
    pub(super) fn covered(&self) -> Range<usize> {
        self.shown.start..self.shown.start + self.shown.len() * self.times
    }
}

/// Splits a list into stretches; `same` says whether two items may be shown as one.
///
/// Linear: a repetition that is found is skipped, one that is not found ends within a few steps.
pub(super) fn fold(len: usize, same: impl Fn(usize, usize) -> bool) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    let mut at = 0;
    while at < len {
        let found = (1..=LONGEST_PERIOD.min(len - at)).find_map(|period| {
            let equal = (at + period..len).take_while(|&next| same(next, next - period)).count();
            let times = equal / period + 1;
            (times >= FEWEST && times * period >= LONG).then_some((period, times))
        });
        let (period, times) = found.unwrap_or((1, 1));
        stretches.push(Stretch { shown: at..at + period, times });
        at += period * times;
    }
    stretches
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> Vec<(String, usize)> {
        let items = text.as_bytes();
        fold(items.len(), |a, b| items[a] == items[b])
            .into_iter()
            .map(|stretch| (text[stretch.shown.clone()].to_owned(), stretch.times))
            .collect()
    }

    #[test]
    fn runs_and_patterns() {
        let as_is = |text: &str| (text.to_owned(), 1);
        assert_eq!(folded("ab"), [as_is("a"), as_is("b")]);
        assert_eq!(folded("haaaaaaaae"), [as_is("h"), ("a".to_owned(), 8), as_is("e")]);
        assert_eq!(
            folded("hxyxyxyxyxt"),
            [as_is("h"), ("xy".to_owned(), 4), as_is("x"), as_is("t")]
        );
        assert_eq!(folded("aaaaaaa").len(), 7);
        assert!(folded("").is_empty());
    }

    #[test]
    fn nothing_is_lost() {
        let text = "abcabcabcabcabcdddddddddeffefe";
        let items = text.as_bytes();
        let mut next = 0;
        for stretch in fold(items.len(), |a, b| items[a] == items[b]) {
            assert_eq!(stretch.covered().start, next);
            next = stretch.covered().end;
        }
        assert_eq!(next, items.len());
    }
}
