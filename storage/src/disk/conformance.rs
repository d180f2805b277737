//! What every [`Disk`] must do, run over each implementation.

use std::path::{Path, PathBuf};

use super::{Disk, FaultyDisk, LocalDisk};

fn over_every_disk(check: impl Fn(&dyn Disk)) {
    check(&FaultyDisk::default());
    let folder = tempfile::tempdir().unwrap();
    check(&LocalDisk::new(folder.path()));
}

#[test]
fn reads_what_was_written() {
    over_every_disk(|disk| {
        let file = disk.create(Path::new("a")).unwrap();
        assert!(file.is_empty().unwrap());
        file.write_at(3, b"xyz").unwrap();
        file.sync_data().unwrap();
        let mut read = [9; 8];
        assert_eq!(file.read_at(0, &mut read).unwrap(), 6);
        assert_eq!(&read[..6], b"\0\0\0xyz");
        let again = disk.open(Path::new("a")).unwrap();
        assert_eq!(again.len().unwrap(), 6);
        assert_eq!(again.read_at(100, &mut read).unwrap(), 0);
    });
}

#[test]
fn lengths_grow_and_shrink() {
    over_every_disk(|disk| {
        let file = disk.create(Path::new("a")).unwrap();
        file.preallocate(10_000).unwrap();
        file.write_at(0, &[7; 6_000]).unwrap();
        file.preallocate(100).unwrap();
        assert_eq!(file.len().unwrap(), 10_000, "reserving less than there is changes nothing");
        file.set_len(5_000).unwrap();
        file.set_len(6_000).unwrap();
        let mut read = [9; 2_000];
        assert_eq!(file.read_at(4_000, &mut read).unwrap(), 2_000);
        assert!(read[..1_000].iter().all(|b| *b == 7) && read[1_000..].iter().all(|b| *b == 0));
    });
}

#[test]
fn names_come_and_go() {
    over_every_disk(|disk| {
        assert!(disk.create(Path::new("wal/a")).is_err(), "the folder is not there");
        assert!(disk.sync_folder(Path::new("wal")).is_err());
        assert!(disk.list(Path::new("wal")).unwrap().is_empty());
        disk.create_folder(Path::new("wal/deep")).unwrap();
        disk.create_folder(Path::new("wal/deep")).unwrap();
        disk.create(Path::new("wal/b")).unwrap().write_at(0, b"b").unwrap();
        disk.create(Path::new("wal/a")).unwrap().write_at(0, b"a").unwrap();
        assert!(disk.create(Path::new("wal/a")).is_err(), "it is there");
        assert_eq!(disk.list(Path::new("wal")).unwrap(), ["a", "b", "deep"].map(PathBuf::from));
        assert_eq!(disk.list(Path::new("")).unwrap(), [PathBuf::from("wal")]);
        disk.rename(Path::new("wal/a"), Path::new("wal/b")).unwrap();
        assert!(disk.rename(Path::new("wal/a"), Path::new("wal/c")).is_err());
        let mut read = [0];
        disk.open(Path::new("wal/b")).unwrap().read_at(0, &mut read).unwrap();
        assert_eq!(&read, b"a");
        disk.remove(Path::new("wal/b")).unwrap();
        disk.remove(Path::new("wal/b")).unwrap();
        assert!(disk.open(Path::new("wal/b")).is_err());
        disk.sync_folder(Path::new("wal")).unwrap();
        assert!(disk.free_bytes().unwrap() > 0);
    });
}

#[test]
fn paths_stay_inside() {
    over_every_disk(|disk| {
        for path in ["/etc/passwd", "../a", "wal/../../a"] {
            assert!(disk.create(Path::new(path)).is_err(), "{path}");
            assert!(disk.open(Path::new(path)).is_err(), "{path}");
            assert!(disk.list(Path::new(path)).is_err(), "{path}");
            assert!(disk.create_folder(Path::new(path)).is_err(), "{path}");
            assert!(disk.remove(Path::new(path)).is_err(), "{path}");
        }
    });
}
