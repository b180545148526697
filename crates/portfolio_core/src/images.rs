//! What things were before they changed: each once, whatever the number of its changes.

use std::collections::TryReserveError;

/// Images of the things of a list, from the moment of construction on. Up to 63 things that came
/// later may be among them.
#[derive(Debug)]
pub(crate) struct Images<T> {
    /// One bit a thing: whether its image was taken.
    taken: Vec<u64>,
    images: Vec<(u32, T)>,
}

impl<T: Clone> Images<T> {
    /// No image yet, and room for those of so many changes.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(crate) fn new(count: usize, changes: usize) -> Result<Self, TryReserveError> {
        let words = count.div_ceil(64);
        let (mut taken, mut images) = (Vec::new(), Vec::new());
        taken.try_reserve_exact(words)?;
        taken.resize(words, 0);
        // Each thing has one image; the last word may stand for a few that come later.
        images.try_reserve_exact(count.saturating_add(63).min(changes))?;
        Ok(Self { taken, images })
    }

    /// Takes the image of a thing that is about to change, unless there is one.
    #[inline]
    pub(crate) fn keep(&mut self, place: u32, thing: &T) {
        let word = usize::try_from(place >> 6).ok().and_then(|word| self.taken.get_mut(word));
        let bit = 1_u64 << (place & 63);
        match word {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                self.images.push((place, thing.clone()));
            }
            _ => {}
        }
    }

    /// The images with their places.
    pub(crate) fn into_images(self) -> Vec<(u32, T)> {
        self.images
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_image_of_each_thing_is_kept() {
        let mut images = Images::new(100, 10).unwrap();
        for (place, thing) in [(3, "a"), (99, "b"), (3, "c"), (128, "d"), (64, "e")] {
            images.keep(place, &thing);
        }
        assert_eq!(images.into_images(), [(3, "a"), (99, "b"), (64, "e")]);
        assert!(Images::<u8>::new(0, 0).unwrap().into_images().is_empty());
    }
}
