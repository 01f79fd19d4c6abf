//! The page of a report in a browser: `VIT22B_CHROMIUM=chromium cargo test --test verbs -- page`. Another
//! page than that of a tiny report is checked by `VIT22B_PAGE=FILE`; pictures of it are left in the folder of the page.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::folder::Folder;
use crate::vit22b;

/// What is asked of the page inside a frame of a width: whether it must be scrolled sideways, which texts do not
/// stand out from what is behind them (WCAG 2 AA), and which figures have no size or no name.
const QUESTIONS: &str = r#"
const page = frame.contentDocument, view = frame.contentWindow;
const channels = text => (text.match(/[\d.]+/g) || []).map(Number);
const luminance = colour => {
  const [r, g, b] = colour.map(v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = channels(view.getComputedStyle(e).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour.slice(0, 3);
  }
  return [255, 255, 255];
};
const faint = new Set();
for (const element of page.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  if (!own || element.tagName === 'DESC' || element.tagName === 'desc') continue;
  const style = view.getComputedStyle(element);
  const ink = channels(element.namespaceURI.endsWith('svg') ? style.fill : style.color).slice(0, 3);
  const [a, b] = [luminance(ink), luminance(behind(element))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) faint.add(element.tagName + ' ' + ratio.toFixed(2) + ' ' + element.textContent.trim().slice(0, 30));
}
const figures = [...page.querySelectorAll('figure svg')];
const answer = {
  width: page.documentElement.clientWidth,
  dark: luminance(behind(page.body)) < 0.2,
  sideways: page.documentElement.scrollWidth - page.documentElement.clientWidth,
  faint: [...faint],
  figures: figures.length,
  nameless: figures.filter(f => !f.getAttribute('aria-label') || f.getBoundingClientRect().height < 20).length,
  headings: [...page.querySelectorAll('h1, h2')].length,
  focusable: page.querySelectorAll('a[href], [tabindex="0"]').length,
};
document.body.dataset.answer = JSON.stringify(answer);
"#;

#[test]
fn a_page_is_readable_in_a_browser() {
    let Ok(browser) = std::env::var("VIT22B_CHROMIUM") else {
        eprintln!("skipped: VIT22B_CHROMIUM does not name a browser");
        return;
    };
    let folder = Folder::new("page");
    let page = match std::env::var("VIT22B_PAGE") {
        Ok(path) => PathBuf::from(path),
        Err(_) => {
            let out = folder.path().to_str().unwrap();
            let tiny = ["--device", "flex", "--quick", "--steps", "2", "--share", "0.02"];
            let few =
                ["--only", "full-size", "--only", "linear-probe", "--only", "human-alignment"];
            vit22b(["paper", "--out", out].iter().chain(&tiny).chain(&few)).succeeded();
            folder.path().join("report.html")
        }
    };
    let html = std::fs::read_to_string(&page).unwrap();
    for (width, dark) in [(390, false), (390, true), (1280, false), (1280, true)] {
        let answer = ask(&browser, &html, width, dark, &page);
        assert_eq!((&answer["width"], &answer["dark"]), (&width.into(), &dark.into()), "{answer}");
        assert_eq!(answer["sideways"], 0, "{width} pixels: {answer}");
        assert_eq!(answer["faint"], serde_json::json!([]), "{width} pixels, dark {dark}");
        assert_eq!(answer["nameless"], 0, "{answer}");
        assert!(answer["figures"].as_u64().unwrap() >= 4, "{answer}");
        assert!(answer["focusable"].as_u64() > answer["headings"].as_u64(), "{answer}");
    }
    let pdf = page.with_file_name("report.pdf");
    let to = format!("--print-to-pdf={}", pdf.display());
    run(&browser, &["--no-pdf-header-footer", &to, &address(&page)]);
    assert!(std::fs::metadata(&pdf).unwrap().len() > 20_000);
}

fn address(path: &Path) -> String {
    format!("file://{}", std::fs::canonicalize(path).unwrap().display())
}

fn run(browser: &str, arguments: &[&str]) -> String {
    let profile = Folder::new("page-profile");
    let output = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--virtual-time-budget=4000", "--allow-file-access-from-files"])
        .args(arguments)
        .output()
        .expect("the browser starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Puts the page into a frame of this width, asks about it, and leaves a picture of it.
fn ask(browser: &str, html: &str, width: u64, dark: bool, page: &Path) -> Value {
    let escaped = html.replace('&', "&amp;").replace('"', "&quot;");
    let scheme = if dark { "dark" } else { "light" };
    let frame = format!(
        "<!doctype html><meta charset=utf-8><style>body {{ margin: 0; color-scheme: {scheme} }}</style>\
         <iframe id=frame width={width} height=9000 style=\"border: 0; color-scheme: {scheme}\" srcdoc=\"{escaped}\"></iframe>\
         <script>const frame = document.getElementById('frame');\
         frame.addEventListener('load', () => {{ {QUESTIONS} }});</script>"
    );
    let path = page.with_file_name(format!("frame-{width}-{scheme}.html"));
    std::fs::write(&path, frame).unwrap();
    // 0 is dark for Chromium.
    let preferred = format!("--blink-settings=preferredColorScheme={}", if dark { 0 } else { 1 });
    let size = format!("--window-size={},9000", width.max(600));
    let dom = run(browser, &[&preferred, &size, "--dump-dom", &address(&path)]);
    let picture = format!("--screenshot={}", path.with_extension("png").display());
    run(browser, &[&preferred, &size, &picture, &address(&path)]);
    let (_, rest) = dom.split_once("data-answer=\"").expect("the page was asked");
    let answer = rest.split('"').next().unwrap().replace("&quot;", "\"");
    serde_json::from_str(&answer.replace("&amp;", "&")).unwrap()
}
