//! A watch over the scanner, which takes in a flow collection as a whole before it tells of anything in it: 20 MB of brackets
//! would be gigabytes of tokens. Of a text or a comment it cannot tell them apart.

use std::cell::Cell;
use std::rc::Rc;
use std::str::Chars;

use super::problem::Problem;

/// The most indicators that are read ahead: as many as the bytes of the largest object that a cluster takes (etcd:
/// `--max-request-bytes`). In a flow collection each is a token or two, of some hundred bytes.
const MOST: usize = 3 << 19;

/// What is said of more.
const TOO_MUCH: &str = "more than 1.57 million brackets, commas, colons and quotes stand in one value or comment here, which is more than is read ahead";

/// A text that ends where too many indicators have been read ahead.
pub(super) struct Watched<'t> {
    rest: Chars<'t>,
    length: usize,
    left: Rc<Cell<usize>>,
    stopped: Rc<Cell<Option<usize>>>,
}

/// Who sees how far it has been read.
pub(super) struct Watch {
    left: Rc<Cell<usize>>,
    /// The byte at which the text was ended
    stopped: Rc<Cell<Option<usize>>>,
}

impl Watch {
    /// A watch over a text, where it needs one.
    pub(super) fn of(text: &str) -> Option<(Watched<'_>, Self)> {
        if text.len() <= MOST {
            return None;
        }
        text.bytes().filter(|byte| is_indicator(*byte)).nth(MOST)?;
        let (left, stopped) = (Rc::new(Cell::new(MOST)), Rc::default());
        let watched = Watched {
            rest: text.chars(),
            length: text.len(),
            left: Rc::clone(&left),
            stopped: Rc::clone(&stopped),
        };
        Some((watched, Self { left, stopped }))
    }

    /// Lets as much be read ahead again, once something has been told of what was read.
    ///
    /// # Errors
    /// - that was too much
    pub(super) fn look(&self) -> Result<(), Problem> {
        self.left.set(MOST);
        match self.stopped.get() {
            None => Ok(()),
            Some(at) => Err(Problem::bound(at, TOO_MUCH)),
        }
    }
}

impl Iterator for Watched<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if self.stopped.get().is_some() {
            return None;
        }
        let next = self.rest.next()?;
        if u8::try_from(next).is_ok_and(is_indicator) {
            let Some(left) = self.left.get().checked_sub(1) else {
                self.stopped.set(Some(self.length - self.rest.as_str().len()));
                return None;
            };
            self.left.set(left);
        }
        Some(next)
    }
}

/// What may be a token of its own, or begin one, within a flow collection.
fn is_indicator(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'{' | b'}' | b',' | b':' | b'?' | b'"' | b'\'' | b'&' | b'*' | b'!')
}
