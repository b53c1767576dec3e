//! The file of a backup: a tar archive of four members in this order, the last of which has the SHA-256 of the others, as `sha256sum` reads it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

pub(super) const MANIFEST: &str = "manifest.json";
pub(super) const PEPPERS: &str = "peppers.json";
pub(super) const DATABASE: &str = "keybearer.db";
const SUMS: &str = "SHA256SUMS";

/// The most bytes of a member that is read into memory.
const SMALL: u64 = 1 << 20;

/// The members that are read into memory.
pub(super) struct Small {
    pub(super) manifest: Vec<u8>,
    pub(super) peppers: Zeroizing<Vec<u8>>,
}

/// Writes the archive.
pub(super) fn write(out: impl Write, small: &Small, mut database: &File, modified: u64) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(out);
    let mut sums = String::new();
    let size = database.seek(SeekFrom::End(0))?;
    database.seek(SeekFrom::Start(0))?;
    let members: [(&str, u64, &mut dyn Read); 3] = [
        (MANIFEST, small.manifest.len() as u64, &mut small.manifest.as_slice()),
        (PEPPERS, small.peppers.len() as u64, &mut small.peppers.as_slice()),
        (DATABASE, size, &mut database),
    ];
    for (name, size, content) in members {
        let mut content = Summed { inner: content, sum: Sha256::new() };
        archive.append_data(&mut header(size, modified), name, &mut content)?;
        sums.push_str(&line(&content.sum.finalize(), name));
    }
    archive.append_data(&mut header(sums.len() as u64, modified), SUMS, sums.as_bytes())?;
    archive.into_inner()?.flush()
}

fn header(size: u64, modified: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o600);
    header.set_mtime(modified);
    header
}

fn line(sum: &[u8], name: &str) -> String {
    let digits: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{digits}  {name}\n")
}

/// Reads the archive, the database into `database`. The error says what is wrong with the archive, or what the system says.
pub(super) fn read(file: impl Read, mut database: impl Write) -> Result<Small, String> {
    let wrong = |error: std::io::Error| format!("it cannot be read as a backup: {error}");
    let mut archive = tar::Archive::new(file);
    let mut members = archive.entries().map_err(wrong)?;
    let mut sums = String::new();
    let mut next = |name: &str, out: &mut dyn Write, most: u64| -> Result<(), String> {
        let mut member = members.next().ok_or_else(|| format!("it ends before {name}"))?.map_err(wrong)?;
        if member.path_bytes() != name.as_bytes() || !member.header().entry_type().is_file() {
            return Err(format!("{name} is not where it belongs: this is no backup of Keybearer"));
        }
        if member.size() > most {
            return Err(format!("{name} is too long"));
        }
        let size = member.size();
        let mut content = Summed { inner: &mut member, sum: Sha256::new() };
        let copied = std::io::copy(&mut content, out).map_err(wrong)?;
        if copied != size {
            return Err(format!("{name} is cut off"));
        }
        if name != SUMS {
            sums.push_str(&line(&content.sum.finalize(), name));
        }
        Ok(())
    };
    let mut manifest = Vec::new();
    // One allocation, so that no copy is left behind unwiped.
    let mut peppers = Zeroizing::new(Vec::with_capacity(1 << 20));
    let mut expected = Vec::new();
    next(MANIFEST, &mut manifest, SMALL)?;
    next(PEPPERS, &mut *peppers, SMALL)?;
    next(DATABASE, &mut database, u64::MAX)?;
    next(SUMS, &mut expected, SMALL)?;
    if expected != sums.as_bytes() {
        return Err("it is not as it was made: its checksums differ".to_owned());
    }
    Ok(Small { manifest, peppers })
}

/// Sums up what is read.
struct Summed<R> {
    inner: R,
    sum: Sha256,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sum.update(&buffer[..read]);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn archive(database: &[u8]) -> Vec<u8> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(database).unwrap();
        let small = Small { manifest: b"{}".to_vec(), peppers: b"secrets".to_vec().into() };
        let mut out = Vec::new();
        write(&mut out, &small, &file, 0).unwrap();
        out
    }

    #[test]
    fn what_was_written_is_read() {
        let mut database = Vec::new();
        let small = read(archive(b"rows").as_slice(), &mut database).ok().unwrap();
        assert_eq!((small.manifest.as_slice(), small.peppers.as_slice(), database.as_slice()), (&b"{}"[..], &b"secrets"[..], &b"rows"[..]));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_found_or_changes_nothing(at in 0usize..5_632, bit in 0u8..8) {
            let mut bytes = archive(&[7; 700]);
            prop_assert_eq!(bytes.len(), 5_632);
            bytes[at] ^= 1 << bit;
            let mut database = Vec::new();
            // A byte that only fills up a block says nothing.
            if let Ok(small) = read(bytes.as_slice(), &mut database) {
                prop_assert_eq!(small.manifest.as_slice(), b"{}");
                prop_assert_eq!(small.peppers.as_slice(), b"secrets");
                prop_assert_eq!(database, vec![7; 700]);
            }
        }

        #[test]
        fn a_cut_is_found(length in 0usize..4_200) {
            let bytes = archive(&[7; 700]);
            prop_assert!(read(&bytes[..length], std::io::sink()).is_err());
        }

        #[test]
        fn anything_is_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2_048)) {
            prop_assert!(read(bytes.as_slice(), std::io::sink()).is_err());
        }
    }
}
