//! The process: runtime, signals, dispatch, exit code.
//!
//! The first Ctrl-C or SIGTERM asks the command to stop cleanly, the second ends the process at once.

use std::fs::File;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::Level;

use crate::cli::{Cli, Command};
use crate::commands;
use crate::env::Environment;
use crate::error::{Error, Result};
use crate::output::{Console, log};
use crate::patience::Patience;

/// The exit code of a process that a second signal ended.
const INTERRUPTED: u8 = 130;

/// How many files a command opens at least at the same time.
const FEWEST_HANDLES: usize = 16;

/// What every command works with.
#[derive(Clone, Debug)]
pub(crate) struct Invocation {
    /// The configuration file.
    pub(crate) config: PathBuf,
    /// The environment variables.
    pub(crate) environment: Environment,
    /// Where output goes.
    pub(crate) console: Console,
    /// How long is waited.
    pub(crate) patience: Patience,
    /// Cancelled by the first signal.
    pub(crate) stop: CancellationToken,
}

/// How a command ended that said itself what there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is well: 0.
    Done,
    /// Something that the user can mend: 1.
    UserError,
    /// Anything else: 2.
    Failure,
}

impl Exit {
    /// Returns the exit for failures of which each can be mended by the user or not. `Done` where there are none.
    pub(crate) fn of_failures(are_user_errors: impl IntoIterator<Item = bool>) -> Self {
        are_user_errors.into_iter().fold(Self::Done, |exit, is_user_error| match (exit, is_user_error) {
            (Self::Failure, _) | (_, false) => Self::Failure,
            (_, true) => Self::UserError,
        })
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => Self::SUCCESS,
            Exit::UserError => Self::from(1),
            Exit::Failure => Self::from(2),
        }
    }
}

/// Does what the arguments say and returns the exit code.
pub(crate) fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return print_usage(&error),
    };
    let environment = Environment::Process;
    let console = Console::new(&cli.global, &environment);
    // The component logs as its platform wants it, once it knows what it is to do.
    if !matches!(cli.command, Command::Component(_)) {
        log::start(&cli.global, &console, usual_level(&cli.command, &console));
    }
    if let Err(error) = check_handles() {
        return report(&console, &error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&console, &Error::Output(error)),
    };
    let patience = Patience::of(&environment);
    let stop = CancellationToken::new();
    let invocation = Invocation { config: cli.global.config, environment, console, patience, stop };
    let code = runtime.block_on(until_second_signal(&invocation, dispatch(cli.command, &invocation)));
    // Whatever still runs was told to stop, or is a thread that waits for a file.
    runtime.shutdown_background();
    code
}

/// Finds out whether a few files can be opened: without them no runtime starts.
fn check_handles() -> Result<()> {
    let opened: io::Result<Vec<File>> = (0..FEWEST_HANDLES).map(|_| File::open("/dev/null")).collect();
    // A machine without that file has none to be found out from.
    match opened {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::Usage {
            action: "start".to_owned(),
            cause: format!("fewer than {FEWEST_HANDLES} files can be opened: {error}"),
            hint: "raise the limit of open files (`ulimit -n`)".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Returns from which level on a command logs. Only a run takes long enough to be told of, where no progress lines do.
fn usual_level(command: &Command, console: &Console) -> Level {
    if matches!(command, Command::Run(_) | Command::Reconcile(_)) && console.progress.is_none() {
        Level::INFO
    } else {
        Level::WARN
    }
}

/// Prints help, the version, or what is wrong with the arguments.
fn print_usage(error: &clap::Error) -> ExitCode {
    // Where it cannot be printed, the code says it.
    error.print().ok();
    ExitCode::from(u8::from(error.use_stderr()))
}

async fn dispatch(command: Command, on: &Invocation) -> Result<Exit> {
    match command {
        Command::Demo(args) => commands::demo::run(&args, on).await,
        Command::Init(args) => commands::init::run(&args, on),
        Command::Check => until_stopped(on, commands::check::run(on)).await,
        Command::Plan(args) => until_stopped(on, commands::plan::run(&args, on)).await,
        Command::Run(args) => commands::run::run(&args, on).await,
        Command::Reconcile(args) => commands::reconcile::run(&args, on).await,
        Command::Verify(args) => until_stopped(on, commands::verify::run(&args, on)).await,
        Command::Objects(args) => until_stopped(on, commands::objects::run(&args, on)).await,
        Command::Describe(args) => until_stopped(on, commands::describe::run(&args, on)).await,
        Command::Query(args) => until_stopped(on, commands::query::run(&args, on)).await,
        Command::Emulator(args) => commands::emulator::run(&args, on).await,
        Command::Component(args) => commands::component::run(&args, on).await,
        Command::Schema => commands::schema::run(on),
        Command::Completions(args) => commands::completions::run(&args),
    }
}

/// Runs a command that has nothing to clean up, and gives it up at the first signal.
async fn until_stopped(on: &Invocation, command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    tokio::select! {
        result = command => result,
        () = on.stop.cancelled() => Err(Error::Stopped),
    }
}

async fn until_second_signal(on: &Invocation, command: impl Future<Output = Result<Exit>>) -> ExitCode {
    let (mut interrupts, mut terminations) = match signals() {
        Ok(signals) => signals,
        Err(error) => return report(&on.console, &Error::Output(error)),
    };
    let two_signals = async {
        any(&mut interrupts, &mut terminations).await;
        on.stop.cancel();
        on.console.note("stopping; once more ends it at once");
        any(&mut interrupts, &mut terminations).await;
    };
    tokio::select! {
        result = command => result.map_or_else(|error| report(&on.console, &error), ExitCode::from),
        () = two_signals => ExitCode::from(INTERRUPTED),
    }
}

fn signals() -> io::Result<(Signal, Signal)> {
    Ok((signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?))
}

async fn any(first: &mut Signal, second: &mut Signal) {
    tokio::select! {
        _ = first.recv() => {}
        _ = second.recv() => {}
    }
}

fn report(console: &Console, error: &Error) -> ExitCode {
    if error.is_broken_pipe() {
        return ExitCode::SUCCESS;
    }
    console.error("", error, error.hint().as_deref());
    Exit::of_failures([error.is_user_error()]).into()
}

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn one_failure_that_nobody_can_mend_decides_the_exit() {
        assert_eq!(Exit::of_failures([]), Exit::Done);
        assert_eq!(Exit::of_failures([true, true]), Exit::UserError);
        assert_eq!(Exit::of_failures([false, true]), Exit::Failure);
        assert_eq!(Exit::of_failures([true, false]), Exit::Failure);
    }
}
