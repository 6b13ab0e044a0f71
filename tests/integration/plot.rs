//! `lapicque plot`: figures of queries, and what cannot be drawn.

use crate::support::{Answer, Lab, lapicque};

const PIPELINE: &str = "
lapicque: 1
name: spectra
stages:
  spectra: {kind: meanfield.power_spectra, network: hagen, frequencies: {linspace: [1 Hz, 200 Hz, 50]}}
  rates: {kind: meanfield.working_point, network: hagen}
";

fn lab() -> Lab {
    let lab = Lab::new();
    lab.write("pipeline.yaml", PIPELINE);
    lapicque(lab.folder(), &["run", "."]).ok();
    lab
}

fn plot(lab: &Lab, query: &str, rest: &[&str]) -> Answer {
    lapicque(lab.folder(), &[&["plot", "-p", ".", query], rest].concat())
}

fn svg(lab: &Lab, query: &str, rest: &[&str]) -> String {
    plot(lab, query, &[rest, &["-o", "figure.svg"]].concat()).ok();
    std::fs::read_to_string(lab.folder().join("figure.svg")).unwrap()
}

#[test]
fn lines_points_and_bars_are_drawn_with_names_and_units() {
    let lab = lab();
    let query = "SELECT frequency_hz, power, population FROM spectra ORDER BY population, frequency_hz";
    let lines = svg(&lab, query, &["--log-y", "--title", "Two populations"]);
    for text in ["<svg", "frequency (Hz)", "power (Hz^2/Hz)", ">population<", ">E<", ">I<", "Two populations"] {
        assert!(lines.contains(text), "no `{text}`");
    }
    assert_eq!(lines, svg(&lab, query, &["--log-y", "--title", "Two populations"]), "the same again");
    let points = svg(&lab, query, &["--mark", "points"]);
    assert!(points.matches("<circle").count() >= 100);
    let panels = svg(&lab, "SELECT frequency_hz, power, population, population AS panel FROM spectra", &[]);
    assert!(panels.matches("frequency (Hz)").count() >= 2);
    let bars = svg(&lab, "SELECT population, rate_hz FROM rates", &[]);
    assert!(bars.contains("rate (Hz)") && bars.contains(">E<"), "{bars}");
    // Bars that hang down begin at 0.
    let bars = svg(&lab, "SELECT population, -2 - rate_hz / 100 AS below FROM rates", &[]);
    assert!(bars.contains(">0<"), "{bars}");
    plot(&lab, query, &["-o", "figure.png"]).ok();
    assert_eq!(std::fs::read(lab.folder().join("figure.png")).unwrap()[..4], *b"\x89PNG");
}

#[test]
fn a_plane_of_parameters_is_a_heatmap() {
    let lab = Lab::new();
    let text = "
lapicque: 1
name: plane
stages:
  points: {kind: parameters.grid, sweep: {g: {linspace: [4, 6, 5]}, nu_ext: {linspace: [10 Hz, 30 Hz, 3]}}}
  theory: {kind: meanfield.working_point, network: brunel, inputs: {parameters: points}}
";
    lab.write("pipeline.yaml", text);
    lapicque(lab.folder(), &["run", "."]).ok();
    let map = |query: &str| plot(&lab, query, &["--mark", "heatmap", "-o", "figure.svg"]);
    map("SELECT g, nu_ext, rate_hz, population FROM theory_with_parameters").ok();
    let drawn = std::fs::read_to_string(lab.folder().join("figure.svg")).unwrap();
    for text in ["E: rate (Hz)", "I: rate (Hz)", "nu_ext (Hz)"] {
        assert!(drawn.contains(text), "no `{text}`");
    }
    let gap = "SELECT g, nu_ext, CASE WHEN g = 5 THEN NULL ELSE rate_hz END FROM theory_with_parameters WHERE population = 'E'";
    assert!(map(gap).ok().says("3 of 15 rows have no place"));
    for (query, told) in [
        ("SELECT g, nu_ext FROM points", "x, y and value"),
        ("SELECT g, nu_ext, rate_hz FROM theory_with_parameters", "several rows for the cell at 4 and 10"),
        ("SELECT exp(g), nu_ext, rate_hz FROM theory_with_parameters", "not evenly spaced"),
        ("SELECT g, nu_ext, population FROM theory_with_parameters", "must hold numbers"),
        ("SELECT g, population, rate_hz FROM theory_with_parameters", "several rows for the cell at 4 and `E`"),
    ] {
        let answer = map(query);
        assert!(answer.code == 2 && answer.says(told), "{query}: {}", answer.stderr);
    }
}

#[test]
fn rows_without_a_place_are_told() {
    let lab = lab();
    let query = "SELECT x, CASE WHEN x = 2 THEN NULL ELSE x END AS y FROM (SELECT unnest(range(0, 5)) AS x)";
    assert!(plot(&lab, query, &["-o", "figure.svg"]).ok().says("1 of 5 rows have no place"));
    assert!(plot(&lab, query, &["--log-y", "-o", "figure.svg"]).ok().says("2 of 5 rows have no place"));
    let gap = svg(&lab, query, &[]);
    let whole = svg(&lab, "SELECT x, x AS y FROM (SELECT unnest(range(0, 5)) AS x)", &[]);
    assert_eq!(gap.matches("<path").count(), whole.matches("<path").count() + 1, "a gap parts the line");
    let alone = svg(&lab, "SELECT 1 AS x, 2 AS y UNION ALL SELECT 2, NULL UNION ALL SELECT 3, 4", &[]);
    assert_eq!(alone.matches("<circle").count(), 2, "points without neighbours are seen");
    let small = svg(&lab, "SELECT x, 1e-14 * x AS y FROM (SELECT unnest(range(1, 5)) AS x)", &["--log-y"]);
    assert!(small.contains("y (1e-15)"), "axes of small values have a power of ten");
}

#[test]
fn what_cannot_be_drawn_is_refused_and_nothing_is_written() {
    let lab = lab();
    for (query, rest, told) in [
        ("SELECT frequency_hz FROM spectra", vec![], "1 columns"),
        ("SELECT 1, 2, 3, 4, 5", vec![], "5 columns"),
        ("SELECT frequency_hz, population FROM spectra", vec![], "`population` must hold numbers"),
        ("SELECT population, power FROM spectra", vec!["--mark", "lines"], "`population` must hold numbers"),
        ("SELECT frequency_hz, power, frequency_hz AS colour FROM spectra", vec![], "50 colours"),
        ("SELECT x, x AS y FROM (SELECT unnest(range(0, 600000)) AS x)", vec![], "600000 rows"),
        ("SELECT frequency_hz, power FROM spectra WHERE power < 0", vec![], "no row"),
        ("SELECT frequency_hz, power FROM spectre", vec![], "spectre"),
        ("SELECT population, power FROM spectra", vec![], "several rows for the bar `E`"),
        ("SELECT population, rate_hz FROM rates", vec!["--log-x"], "no logarithm"),
        ("SELECT x, x AS y FROM (SELECT unnest(range(0, 300)) AS x)", vec!["--mark", "bars"], "300 groups of bars"),
    ] {
        let answer = plot(&lab, query, &[rest.as_slice(), &["-o", "figure.svg"]].concat());
        assert_eq!(answer.code, 2, "{query}: {}", answer.stderr);
        assert!(answer.says(told), "{query}: {}", answer.stderr);
    }
    for (file, told) in [("figure.pdf", ".svg or .png is due"), ("nowhere/figure.svg", "no folder `nowhere`")] {
        let answer = plot(&lab, "SELECT frequency_hz, power FROM spectra", &["-o", file]);
        assert!(answer.code == 2 && answer.says(told), "{}", answer.stderr);
    }
    let files = std::fs::read_dir(lab.folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(files.into_iter().all(|file| !file.contains("figure")));
}
