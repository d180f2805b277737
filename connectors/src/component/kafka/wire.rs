//! How Kafka's protocol writes numbers and texts: big endian, texts and lists with their length before them.
//!
//! Only what the versions of [`request`](super::request) need: those before "flexible" encodings came, which every broker still
//! speaks.

/// An answer that is not what the protocol says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer cannot be read")]
pub struct Malformed;

/// Puts a request together.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// A byte.
    pub fn i8(&mut self, value: i8) {
        self.0.extend(value.to_be_bytes());
    }

    /// Two bytes.
    pub fn i16(&mut self, value: i16) {
        self.0.extend(value.to_be_bytes());
    }

    /// Four bytes.
    pub fn i32(&mut self, value: i32) {
        self.0.extend(value.to_be_bytes());
    }

    /// A truth value.
    pub fn bool(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    /// A text of at most 32,767 bytes; the rules are checked for that before.
    pub fn text(&mut self, text: &str) {
        self.i16(i16::try_from(text.len()).expect("texts of topics are short: they were checked"));
        self.0.extend(text.as_bytes());
    }

    /// A text or none.
    pub fn optional_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.i16(-1),
        }
    }

    /// A list.
    pub fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.i32(i32::try_from(items.len()).expect("requests are cut into batches"));
        for item in items {
            write(self, item);
        }
    }

    /// No list, which means something else than an empty one.
    pub fn no_list(&mut self) {
        self.i32(-1);
    }
}

/// Takes an answer apart.
#[derive(Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads from the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(Malformed)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A byte.
    pub fn i8(&mut self) -> Result<i8, Malformed> {
        self.take().map(i8::from_be_bytes)
    }

    /// Two bytes.
    pub fn i16(&mut self) -> Result<i16, Malformed> {
        self.take().map(i16::from_be_bytes)
    }

    /// Four bytes.
    pub fn i32(&mut self) -> Result<i32, Malformed> {
        self.take().map(i32::from_be_bytes)
    }

    /// A truth value.
    pub fn bool(&mut self) -> Result<bool, Malformed> {
        self.take::<1>().map(|[byte]| byte != 0)
    }

    /// A text or none.
    pub fn optional_text(&mut self) -> Result<Option<String>, Malformed> {
        let length = self.i16()?;
        let Ok(length) = usize::try_from(length) else { return Ok(None) };
        let (text, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest;
        std::str::from_utf8(text).map(|text| Some(text.to_owned())).map_err(|_| Malformed)
    }

    /// A text.
    pub fn text(&mut self) -> Result<String, Malformed> {
        self.optional_text()?.ok_or(Malformed)
    }

    /// A list; none is read as an empty one.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> Result<T, Malformed>) -> Result<Vec<T>, Malformed> {
        let length = usize::try_from(self.i32()?).unwrap_or(0);
        // Every item takes a byte at least, so that a length alone cannot ask for memory.
        if length > self.0.len() {
            return Err(Malformed);
        }
        (0..length).map(|_| read(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut writer = Writer::default();
        writer.i8(-3);
        writer.i16(300);
        writer.i32(-70_000);
        writer.bool(true);
        writer.text("héllo");
        writer.optional_text(None);
        writer.list(&["a", "b"], |writer, text| writer.text(text));
        writer.no_list();
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        assert_eq!((reader.i8(), reader.i16(), reader.i32(), reader.bool()), (Ok(-3), Ok(300), Ok(-70_000), Ok(true)));
        assert_eq!((reader.text(), reader.optional_text()), (Ok("héllo".to_owned()), Ok(None)));
        assert_eq!(reader.list(Reader::text), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(reader.list(Reader::text), Ok(Vec::new()));
        assert_eq!(reader.i8(), Err(Malformed));
    }

    #[test]
    fn lengths_that_lie_are_malformed() {
        for bytes in [&[0, 5, b'a'][..], &[0x7f, 0xff], &[0, 2, 0xff, 0xfe]] {
            assert_eq!(Reader::new(bytes).text(), Err(Malformed), "{bytes:?}");
        }
        assert_eq!(Reader::new(&[0x7f, 0xff, 0xff, 0xff, 1]).list(Reader::i8), Err(Malformed));
    }
}
