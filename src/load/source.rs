//! A file to load: opened, unpacked, and given a name that stands for its content.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use anyhow::Context;
use strata_storage::clock::{Clock, SystemClock};

/// Bytes at the start and at the end of a file that go into its name.
const SAMPLE_BYTES: u64 = 64 << 10;
/// How packed files begin.
const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// See the module.
pub struct Source {
    name: String,
    producer: String,
    plain_bytes: Option<u64>,
    reader: Box<dyn Read>,
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Self::standard_input();
        }
        let name = path.display().to_string();
        let mut file = File::open(path).with_context(|| format!("cannot open {name}"))?;
        let metadata = file.metadata().with_context(|| format!("cannot open {name}"))?;
        if !metadata.is_file() {
            // A pipe has no size and cannot be read twice.
            return Ok(Self { producer: once(), plain_bytes: None, reader: unpacked(Box::new(file))?, name });
        }
        let producer = producer(path, &mut file, metadata.len()).with_context(|| format!("cannot read {name}"))?;
        let magic = head(&mut file)?;
        let packed = magic.starts_with(GZIP_MAGIC) || magic.starts_with(ZSTD_MAGIC);
        let reader: Box<dyn Read> = if packed { unpacked(Box::new(file))? } else { Box::new(file) };
        Ok(Self { name, producer, plain_bytes: (!packed).then_some(metadata.len()), reader })
    }

    fn standard_input() -> anyhow::Result<Self> {
        let reader = unpacked(Box::new(io::stdin().lock()))?;
        Ok(Self { name: "standard input".to_owned(), producer: once(), plain_bytes: None, reader })
    }

    /// For people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name under which the server remembers its lines.
    pub fn producer(&self) -> &str {
        &self.producer
    }

    /// Its size, unless it is packed or has none.
    pub fn plain_bytes(&self) -> Option<u64> {
        self.plain_bytes
    }

    /// Its unpacked bytes.
    pub fn into_reader(self) -> Box<dyn Read> {
        self.reader
    }
}

/// A name that no other run has.
fn once() -> String {
    format!("load-{}-{}", std::process::id(), SystemClock.now_us())
}

/// The name of a file: the hash of its path, its size, its first and its last bytes.
fn producer(path: &Path, file: &mut File, len: u64) -> io::Result<String> {
    let mut hash = blake3::Hasher::new();
    hash.update(path.canonicalize()?.as_os_str().as_encoded_bytes());
    hash.update(&len.to_le_bytes());
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    file.seek(SeekFrom::Start(len.saturating_sub(SAMPLE_BYTES)))?;
    file.by_ref().take(SAMPLE_BYTES).read_to_end(&mut sample)?;
    file.rewind()?;
    hash.update(&sample);
    Ok(format!("load-{}", &hash.finalize().to_hex()[..32]))
}

/// The first bytes; the file stands at its start again.
fn head(file: &mut File) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    file.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head)?;
    file.rewind()?;
    Ok(head)
}

/// Unpacks what is packed.
fn unpacked(mut reader: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut head = Vec::new();
    reader.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head)?;
    let (gzip, zstd) = (head.starts_with(GZIP_MAGIC), head.starts_with(ZSTD_MAGIC));
    let whole = Cursor::new(head).chain(reader);
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        (_, true) => Box::new(zstd::stream::read::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(path: &Path) -> (Vec<u8>, String) {
        let source = Source::open(path).unwrap();
        let producer = source.producer().to_owned();
        let mut bytes = Vec::new();
        source.into_reader().read_to_end(&mut bytes).unwrap();
        (bytes, producer)
    }

    #[test]
    fn packed_files_are_told_by_their_first_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"a\nb\n").unwrap();
        for packed in [b"a\nb\n".to_vec(), gzip.finish().unwrap(), zstd::encode_all(&b"a\nb\n"[..], 1).unwrap()] {
            std::fs::write(&path, packed).unwrap();
            assert_eq!(read(&path).0, b"a\nb\n");
        }
        std::fs::write(&path, b"").unwrap();
        assert_eq!(read(&path).0, b"");
    }

    #[test]
    fn the_name_follows_the_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let mut names = Vec::new();
        for content in ["a\nb\n", "a\nc\n", "a\nb\nc\n"] {
            std::fs::write(&path, content).unwrap();
            names.push(read(&path).1);
            assert_eq!(names.last(), Some(&read(&path).1));
        }
        std::fs::write(folder.path().join("other"), "a\nb\n").unwrap();
        names.push(read(&folder.path().join("other")).1);
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 4);
    }
}
