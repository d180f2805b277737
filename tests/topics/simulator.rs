//! A simulated broker: as much of Kafka's protocol as changing topics takes, written for these tests alone and from the protocol's
//! description, so that it shares nothing with the client. It does as it is told and keeps topics in memory.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Requests that it knows, with the one version of each.
const KNOWN: [(i16, i16); 7] = [(3, 4), (18, 0), (19, 4), (20, 3), (32, 1), (37, 1), (44, 0)];
/// As Kafka says that partitions cannot get fewer.
const INVALID_PARTITIONS: i16 = 37;

type Topics = BTreeMap<String, (i32, BTreeMap<String, String>)>;

/// See the module. It answers as long as the test runs.
pub struct SimulatedBroker {
    address: SocketAddr,
    /// Who makes topics: itself, or another broker of the cluster.
    controller: SocketAddr,
    topics: Arc<Mutex<Topics>>,
    changes: Arc<Mutex<Vec<i16>>>,
}

impl SimulatedBroker {
    /// A cluster of one.
    pub fn start() -> Self {
        Self::listen(Arc::default(), None)
    }

    /// Another broker of the same cluster, which makes no topics.
    pub fn start_beside(controller: &Self) -> Self {
        Self::listen(controller.topics.clone(), Some(controller.address))
    }

    fn listen(topics: Arc<Mutex<Topics>>, controller: Option<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let broker = Self { address, controller: controller.unwrap_or(address), topics, changes: Arc::default() };
        let Self { controller, topics, changes, .. } = &broker;
        let (controller, topics, changes) = (*controller, topics.clone(), changes.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, topics, changes) = (stream.unwrap(), topics.clone(), changes.clone());
                std::thread::spawn(move || while answer(&mut stream, controller, &topics, &changes).is_some() {});
            }
        });
        broker
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Keys of the requests that change something, as they came; forgets them.
    pub fn changes(&self) -> Vec<i16> {
        std::mem::take(&mut self.changes.lock().unwrap())
    }
}

/// Answers one request; `None` at the end of the connection.
fn answer(stream: &mut TcpStream, controller: SocketAddr, topics: &Mutex<Topics>, told: &Mutex<Vec<i16>>) -> Option<()> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut request = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut request).ok()?;
    let mut asked = Asked(&request);
    let (key, version, number) = (asked.i16(), asked.i16(), asked.i32());
    assert!(KNOWN.contains(&(key, version)), "request {key} in version {version}");
    asked.text();
    let mut said = Said(number.to_be_bytes().to_vec());
    let topics = &mut topics.lock().unwrap();
    if matches!(key, 19 | 20 | 37 | 44) {
        told.lock().unwrap().push(key);
    }
    match key {
        3 => metadata(topics, controller, &mut said),
        18 => {
            said.i16(0);
            said.list(KNOWN, |said, (key, version)| [key, version, version].map(|number| said.i16(number)));
        }
        19 => create(topics, &mut asked, &mut said),
        20 => delete(topics, &mut asked, &mut said),
        32 => describe(topics, &mut asked, &mut said),
        37 => add_partitions(topics, &mut asked, &mut said),
        _ => alter(topics, &mut asked, &mut said),
    }
    let length = u32::try_from(said.0.len()).unwrap().to_be_bytes();
    stream.write_all(&[&length[..], &said.0].concat()).ok()
}

/// Of the brokers only the controller is shown.
fn metadata(topics: &Topics, controller: SocketAddr, said: &mut Said) {
    said.i32(0);
    said.list([7], |said, id| {
        said.i32(id);
        said.text(Some(&controller.ip().to_string()));
        said.i32(i32::from(controller.port()));
        said.text(None);
    });
    said.text(Some("simulated"));
    said.i32(7);
    said.list(topics, |said, (name, (partitions, _))| {
        said.i16(0);
        said.text(Some(name));
        said.0.push(0);
        said.list(0..*partitions, |said, partition| {
            said.i16(0);
            said.i32(partition);
            said.i32(7);
            said.list([7], Said::i32);
            said.list([7], Said::i32);
        });
    });
}

fn create(topics: &mut Topics, asked: &mut Asked<'_>, said: &mut Said) {
    let made = asked.list(|asked| {
        let (name, partitions, copies) = (asked.text().unwrap(), asked.i32(), asked.i16());
        assert!(copies == -1 || copies == 1, "there is one broker");
        asked.list(|_| ());
        let config = asked.list(|asked| (asked.text().unwrap(), asked.text().unwrap())).into_iter().collect();
        assert_eq!(topics.insert(name.clone(), (partitions, config)), None);
        name
    });
    said.i32(0);
    said.list(made, |said, name| answered(said, &name, 0));
}

fn delete(topics: &mut Topics, asked: &mut Asked<'_>, said: &mut Said) {
    let names = asked.list(|asked| asked.text().unwrap());
    said.i32(0);
    said.list(names, |said, name| {
        assert!(topics.remove(&name).is_some(), "{name}");
        said.text(Some(&name));
        said.i16(0);
    });
}

/// Lists only what was set.
fn describe(topics: &Topics, asked: &mut Asked<'_>, said: &mut Said) {
    let names = asked.list(|asked| {
        assert_eq!(asked.i8(), 2);
        let name = asked.text().unwrap();
        asked.list(|asked| asked.text());
        name
    });
    said.i32(0);
    said.list(names, |said, name| {
        said.i16(0);
        said.text(None);
        said.0.push(2);
        said.text(Some(&name));
        said.list(&topics[&name].1, |said, (setting, value)| {
            said.text(Some(setting));
            said.text(Some(value));
            said.0.extend([0, 1, 0]);
            said.i32(0);
        });
    });
}

fn add_partitions(topics: &mut Topics, asked: &mut Asked<'_>, said: &mut Said) {
    let wanted = asked.list(|asked| {
        let (name, count) = (asked.text().unwrap(), asked.i32());
        asked.list(|_| ());
        (name, count)
    });
    said.i32(0);
    said.list(wanted, |said, (name, count)| {
        let partitions = &mut topics.get_mut(&name).unwrap().0;
        let more = count > *partitions;
        *partitions = count.max(*partitions);
        answered(said, &name, if more { 0 } else { INVALID_PARTITIONS });
    });
}

fn alter(topics: &mut Topics, asked: &mut Asked<'_>, said: &mut Said) {
    let altered = asked.list(|asked| {
        assert_eq!(asked.i8(), 2);
        let name = asked.text().unwrap();
        let config = &mut topics.get_mut(&name).unwrap().1;
        asked.list(|asked| match (asked.text().unwrap(), asked.i8(), asked.text()) {
            (setting, 0, Some(value)) => config.insert(setting, value),
            (setting, 1, None) => config.remove(&setting),
            other => panic!("{other:?}"),
        });
        name
    });
    said.i32(0);
    said.list(altered, |said, name| {
        said.i16(0);
        said.text(None);
        said.0.push(2);
        said.text(Some(&name));
    });
}

fn answered(said: &mut Said, name: &str, code: i16) {
    said.text(Some(name));
    said.i16(code);
    said.text(None);
}

/// A request that is being read.
struct Asked<'a>(&'a [u8]);

impl Asked<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (taken, rest) = self.0.split_first_chunk().expect("the request is whole");
        self.0 = rest;
        *taken
    }

    fn i8(&mut self) -> i8 {
        i8::from_be_bytes(self.take())
    }

    fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take())
    }

    fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    fn text(&mut self) -> Option<String> {
        let length = usize::try_from(self.i16()).ok()?;
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(String::from_utf8(text.to_vec()).unwrap())
    }

    fn list<T>(&mut self, mut read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.i32()).map(|_| read(self)).collect()
    }
}

/// An answer that is being written.
struct Said(Vec<u8>);

impl Said {
    fn i16(&mut self, number: i16) {
        self.0.extend(number.to_be_bytes());
    }

    fn i32(&mut self, number: i32) {
        self.0.extend(number.to_be_bytes());
    }

    fn text(&mut self, text: Option<&str>) {
        self.i16(text.map_or(-1, |text| i16::try_from(text.len()).unwrap()));
        self.0.extend(text.unwrap_or_default().as_bytes());
    }

    fn list<T, R>(&mut self, items: impl IntoIterator<Item = T>, mut write: impl FnMut(&mut Self, T) -> R) {
        let items: Vec<T> = items.into_iter().collect();
        self.i32(i32::try_from(items.len()).unwrap());
        for item in items {
            write(self, item);
        }
    }
}
