//! Bytes of a simulated file: cheap to copy, holes cost nothing.
//!
//! Test machinery: a crash image copies every file, and log files are mostly reserved zeros.

use std::sync::Arc;

/// Bytes of a page.
const PAGE: usize = 4096;

/// A file's content. A clone shares its pages until one of the two is written.
#[derive(Debug, Clone, Default)]
pub struct SparseBytes {
    len: u64,
    pages: Vec<Option<Arc<[u8; PAGE]>>>,
}

impl SparseBytes {
    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Cuts, or extends with zeros.
    pub fn set_len(&mut self, len: u64) {
        self.pages.truncate((len as usize).div_ceil(PAGE));
        let cut = len as usize % PAGE;
        if len < self.len
            && cut != 0
            && let Some(Some(page)) = self.pages.get_mut(len as usize / PAGE)
        {
            Arc::make_mut(page)[cut..].fill(0);
        }
        self.len = len;
    }

    /// Writes `bytes` at `at`, extending as needed.
    pub fn write(&mut self, at: u64, bytes: &[u8]) {
        self.len = self.len.max(at + bytes.len() as u64);
        self.pages.resize(self.pages.len().max((self.len as usize).div_ceil(PAGE)), None);
        let mut done = 0;
        while done < bytes.len() {
            let (page, start) = ((at as usize + done) / PAGE, (at as usize + done) % PAGE);
            let piece = (PAGE - start).min(bytes.len() - done);
            let page = self.pages[page].get_or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[start..start + piece].copy_from_slice(&bytes[done..done + piece]);
            done += piece;
        }
    }

    /// Reads up to `into.len()` bytes at `at`; fewer only at the end.
    pub fn read(&self, at: u64, into: &mut [u8]) -> usize {
        let wanted = (self.len.saturating_sub(at) as usize).min(into.len());
        let mut done = 0;
        while done < wanted {
            let (page, start) = ((at as usize + done) / PAGE, (at as usize + done) % PAGE);
            let piece = (PAGE - start).min(wanted - done);
            match self.pages.get(page) {
                Some(Some(page)) => into[done..done + piece].copy_from_slice(&page[start..start + piece]),
                _ => into[done..done + piece].fill(0),
            }
            done += piece;
        }
        wanted
    }

    /// The pieces that were written, page by page, with their positions; what is between them is zeros.
    pub fn written(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let pages = self.pages.iter().enumerate();
        pages.filter_map(|(number, page)| {
            let at = (number * PAGE) as u64;
            let inside = (self.len.saturating_sub(at) as usize).min(PAGE);
            page.as_ref().map(|page| (at, &page[..inside]))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_a_plain_vector(steps in prop::collection::vec((0u64..20_000, 1usize..9_000, any::<bool>(), 1u8..), 0..12)) {
            let (mut sparse, mut model) = (SparseBytes::default(), Vec::new());
            for (at, len, write, fill) in steps {
                if write {
                    sparse.write(at, &vec![fill; len]);
                    model.resize(model.len().max(at as usize + len), 0);
                    model[at as usize..at as usize + len].fill(fill);
                } else {
                    sparse.set_len(at);
                    model.resize(at as usize, 0);
                }
                let mut read = vec![1; model.len() + 10];
                prop_assert_eq!(sparse.read(0, &mut read), model.len());
                prop_assert_eq!(&read[..model.len()], &model);
                let mut rebuilt = vec![0; model.len()];
                sparse.written().for_each(|(at, bytes)| rebuilt[at as usize..at as usize + bytes.len()].copy_from_slice(bytes));
                prop_assert_eq!(rebuilt, model.clone());
            }
        }
    }
}
