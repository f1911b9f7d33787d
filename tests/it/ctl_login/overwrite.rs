//! A login that takes the place of another one is asked about, else needs `--yes`.

use harness::front::Front;
use harness::service::{Baseten, Contree, Tank};

fn baseten() -> Front<Baseten> {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    Front::new(wire)
}

#[test]
fn without_a_terminal_another_login_is_replaced_only_with_yes() {
    let front = baseten();
    let old = front.keep_key("work");
    let new = front.service.make_key();
    let login = ["login", "baseten", "--api-key-stdin", "-p", "work"];
    let input = format!("{new}\n");
    let asked = front.service.ledger().entries().len();
    let ran = front.ctl(&login).input(&input).run().fails(2);
    assert!(ran.err.contains("the profile work holds another login"), "{ran:?}");
    assert!(ran.err.contains("`--yes` replaces it"), "{ran:?}");
    let device = front.run(&["login", "work", "--device"]).fails(2);
    assert!(device.err.contains("holds another login"), "{device:?}");
    assert_eq!(front.run(&["token"]).ok().out, format!("{old}\n"));
    assert_eq!(front.service.ledger().entries().len(), asked, "nobody was asked");
    for (yes, key) in [("--yes", &new), ("-y", &old), ("--force", &new)] {
        let typed = front.ctl(&[&login[..], &[yes]].concat()).input(&format!("{key}\n"));
        drop(typed.run().ok());
        assert_eq!(&front.run(&["token"]).ok().out, &format!("{key}\n"), "{yes}");
    }
}

#[test]
fn the_same_login_again_needs_no_confirmation_and_one_that_is_over_neither() {
    let front = baseten();
    let login = ["login", "baseten", "--device", "-p", "work"];
    drop(front.run(&login).ok());
    drop(front.run(&login).ok());
    drop(front.run(&["login", "work"]).ok());
    drop(front.run(&["logout", "work", "-y"]).ok());
    let _key = front.keep_key("work");
}

#[test]
fn another_service_in_the_same_profile_needs_a_confirmation() {
    let front = Front::new(Tank::default());
    front.service.add_key("tank_canary-first");
    let key = "tank_canary-first\n";
    drop(front.ctl(&["login", "tank", "--api-key-stdin", "-p", "work"]).input(key).run().ok());
    let contree = harness::service::Service::launch(Contree::default());
    let login = ["login", "contree", "-u", contree.url(), "-P", Contree::PROJECT, "--api-key-stdin", "-p", "work"];
    let other = format!("{}\n", contree.make_key());
    assert!(front.ctl(&login).input(&other).run().fails(2).err.contains("holds another login"));
    drop(front.ctl(&[&login[..], &["-y"]].concat()).input(&other).run().ok());
    assert_eq!(front.json(&["status"])["profile"]["provider"], "contree");
}
