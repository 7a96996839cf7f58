//! What can be learnt from the program itself.

use std::process::Command;

fn run(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_orgtap")).args(args).env_clear().output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const COMMANDS: [&str; 12] = [
    "demo",
    "init",
    "check",
    "plan",
    "run",
    "verify",
    "objects",
    "describe",
    "query",
    "emulator",
    "schema",
    "completions",
];

#[test]
fn the_help_teaches_the_tool() {
    let (code, stdout, _) = run(&["--help"]);

    assert_eq!(code, Some(0));
    insta::assert_snapshot!(stdout);
}

#[test]
fn every_command_explains_itself() {
    let (_, list, _) = run(&["--help"]);
    for command in COMMANDS {
        let (code, stdout, _) = run(&[command, "--help"]);

        assert_eq!(code, Some(0));
        assert!(stdout.contains(&format!("Usage: orgtap {command}")), "{stdout}");
        assert!(list.contains(&format!("\n  {command} ")), "{command} is not listed");
    }
}

#[test]
fn wrong_arguments_are_the_users_to_mend() {
    let (code, stdout, stderr) = run(&["descrbe"]);

    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("a similar subcommand exists: 'describe'"), "{stderr}");
}

#[test]
fn the_schema_is_json_and_the_completions_name_the_commands() {
    let (_, schema, _) = run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
    let (_, completions, _) = run(&["completions", "bash"]);

    assert_eq!(schema["properties"]["connection"]["properties"]["password"]["writeOnly"], true);
    assert!(COMMANDS.iter().all(|command| completions.contains(command)));
}
