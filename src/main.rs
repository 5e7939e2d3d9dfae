use async_fix::{config::ProjectRequest, workspace::Workspace};
fn main() {
    let start = std::env::args().nth(1).unwrap().into();
    let t = std::time::Instant::now();
    let request = ProjectRequest { start, ..Default::default() };
    match Workspace::load(&request, &|it| eprintln!("{:?} {it}", t.elapsed())) {
        Ok(w) => {
            eprintln!("{:?} loaded {} targets", t.elapsed(), w.targets().len());
            for it in w.targets() { eprintln!("{} {:?} test={}", it.name, it.kind, it.cfg_test); }
        }
        Err(e) => eprintln!("{e:?}"),
    }
}
