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
    /// No image yet.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(crate) fn new(count: usize) -> Result<Self, TryReserveError> {
        let words = count.div_ceil(64);
        let mut taken = Vec::new();
        taken.try_reserve_exact(words)?;
        taken.resize(words, 0);
        Ok(Self { taken, images: Vec::new() })
    }

    /// Makes room for so many more images.
    ///
    /// # Errors
    /// When the allocator refuses.
    #[inline]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), TryReserveError> {
        self.images.try_reserve(more)
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
        let mut images = Images::new(100).unwrap();
        images.reserve(3).unwrap();
        for (place, thing) in [(3, "a"), (99, "b"), (3, "c"), (128, "d"), (64, "e")] {
            images.keep(place, &thing);
        }
        assert_eq!(images.into_images(), [(3, "a"), (99, "b"), (64, "e")]);
        assert!(Images::<u8>::new(0).unwrap().into_images().is_empty());
    }
}
