//! Network files and parameters of NNMT: a network that passes its own check and whose values can be read and set, or
//! messages of bounded length.

use lapicque_network::read_network;

pub fn target(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match read_network(text, "fuzz.yaml") {
        Ok(read) => {
            let file = read.file();
            let network = file.network();
            assert_eq!(network.check(), Ok(()));
            for entry in network.paths().into_iter().take(20) {
                assert_eq!(network.get(&entry.path).map(|found| found.value), Some(entry.value), "{}", entry.path);
                let mut same = network.clone();
                assert!(same.set(&entry.path, entry.value).is_ok(), "{} cannot keep its value", entry.path);
                assert!(same == *network, "{} is another by its own value", entry.path);
            }
        }
        Err(error) => {
            let told = error.to_string().len();
            assert!(told <= 10_000 + 1000 * data.len(), "{told} characters of messages");
        }
    }
}
