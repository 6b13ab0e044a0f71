#[path = "../tests/common/mod.rs"] mod common;
use lapicque_spiking::*; use std::time::Instant; use lapicque_numerics::random::StreamKey;
fn main(){ let j: f64 = std::env::args().nth(1).map_or(29.89, |a| a.parse().unwrap()); let ms: f64 = std::env::args().nth(2).map_or(1000.0, |a| a.parse().unwrap());
 let n = common::hagen(j); let t=Instant::now(); let mut first=None; let r=simulate(&n,&Options{duration_ms: ms, transient_ms:0.0,..Options::default()},StreamKey::new([3;16]),&||false,&mut |_|{first.get_or_insert_with(Instant::now);}).unwrap();
 let f=first.unwrap(); println!("build {:.3} run {:.3} per s {:.3}; rates {:?} {:?}",(f-t).as_secs_f64(), f.elapsed().as_secs_f64(), f.elapsed().as_secs_f64()/ms*1e3, r.populations[0].rate_hz, r.populations[1].rate_hz);
 println!("{}", std::fs::read_to_string("/proc/self/status").unwrap().lines().find(|l|l.starts_with("VmHWM")).unwrap()); }
