use async_fix::{config::*, workspace::Workspace};
fn main() {
    let start = std::env::args().nth(1).unwrap().into();
    let t = std::time::Instant::now();
    let request = ProjectRequest { start, ..Default::default() };
    let rows = async_fix::knowledge::shipped().unwrap();
    match Workspace::load(&request, &|it| eprintln!("{:?} {it}", t.elapsed())) {
        Ok(mut w) => {
            eprintln!("{:?} loaded {} targets", t.elapsed(), w.targets().len());
            for it in w.targets() { eprintln!("{} {:?} test={}", it.name, it.kind, it.cfg_test); }
            let choice = Choice { select: vec![], ignore: vec![], unsafe_fixes: true, paths: vec![], fail_on: None };
            let p = async_fix::plan::plan(&mut w, &rows, &choice);
            eprintln!("{:?} planned", t.elapsed());
            for f in &p.findings { eprintln!("{}: {:?} {} {}", f.rule, f.at, f.message, f.fixes.len()); for b in &f.because { eprintln!("   {}", b.text); } }
            eprintln!("{:?}", p.coverage);
            for c in &p.changes { eprintln!("{}", similar::TextDiff::from_lines(&c.before, &c.after).unified_diff()); }
        }
        Err(e) => eprintln!("{e:?}"),
    }
}
