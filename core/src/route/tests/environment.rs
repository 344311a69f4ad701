//! What the host's environment says about proxies is not heard; and nothing else in this crate builds a client.

use std::path::Path;
use std::process::Command;

use super::servers::{Script, Server, raw};

/// Runs one test of this binary with every proxy variable pointing at `proxy`. A process has one environment, and
/// other tests share this one's.
async fn run_with_proxy(test: &str, proxy: &Server) -> bool {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = format!("{}::{test}", module_path!().rsplit_once("::").unwrap().0.split_once("::").unwrap().1);
    command.args(["--exact", &name, "--include-ignored"]);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"] {
        command.env(variable, format!("http://{}", proxy.address));
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed") || text.contains("1 failed"), "the test {name} did not run");
    output.status.success()
}

#[tokio::test]
async fn a_proxy_in_the_environment_is_ignored() {
    let proxy = raw(Script::HangUp).await;
    let right = "answers::the_right_server_gets_each_body_whole_over_one_connection_and_its_answer_comes_back";
    assert!(run_with_proxy(right, &proxy).await);
    assert_eq!(proxy.connections(), 0);

    // Control: an ordinary client in the same environment goes to the proxy.
    run_with_proxy("environment::control_an_ordinary_client", &proxy).await;
    assert!(proxy.connections() > 0);
}

#[tokio::test]
#[ignore = "a control that another test runs, with its own environment"]
async fn control_an_ordinary_client() {
    let trust = kapok_wire::tls::Trust::PinOnly(kapok_wire::tls::Pin([0; 32]));
    let config = kapok_wire::tls::client_config(&trust, None).unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(config).build().unwrap();
    // The address is nobody's: if there were no proxy, nothing would be sent anywhere.
    assert!(client.get("https://192.0.2.1/").timeout(super::HASTY.whole).send().await.is_err());
}

#[test]
fn only_the_direct_route_builds_a_client() {
    let mut builders = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let builds = ["Client::builder", "Client::new", "ClientBuilder", "TcpStream::connect", "UdpSocket"];
                if builds.iter().any(|call| text.contains(call)) {
                    builders.push(path.file_name().unwrap().to_str().unwrap().to_owned());
                }
            }
        }
    }
    builders.sort();
    // This file has the words above, and the control.
    assert_eq!(builders, ["direct.rs", "environment.rs"]);
}
