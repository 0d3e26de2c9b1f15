/// How the page looks.
enum PageStyle {
  /// Text that can be read on a phone, plots side by side where there is room, and tables that scroll
  /// inside themselves where there is none.
  static let css = """
    :root { color-scheme: light dark; --back: #fff; --text: #1a1a1a; --soft: #595959;
      --line: #d9d9d9; --shade: #f5f5f5; --warn: #fff4d6; --link: #0059b3 }
    @media (prefers-color-scheme: dark) { :root { --back: #16181c; --text: #e6e6e6;
      --soft: #a6a6a6; --line: #3a3d44; --shade: #1f2228; --warn: #3d3312; --link: #7ab8ff } }
    * { box-sizing: border-box }
    body { margin: 0 auto; max-width: 86rem; padding: 0 1rem 2rem; background: var(--back);
      color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
    h1 { font-size: 1.5rem; margin: 1.25rem 0 0.25rem }
    h2 { font-size: 1.3rem; margin: 2rem 0 0.25rem; border-top: 1px solid var(--line);
      padding-top: 1rem }
    h3 { font-size: 1.05rem; margin: 1.5rem 0 0.25rem }
    p { margin: 0.25rem 0 0.75rem }
    a { color: var(--link) }
    nav a { margin-right: 0.75rem }
    .note, footer { color: var(--soft); font-size: 0.875rem }
    .remark { background: var(--warn); border-radius: 6px; padding: 0.5rem 0.75rem;
      font-size: 0.875rem }
    ul.remark, .remark ul { margin: 0.5rem 0; padding-left: 1.75rem }
    .legend { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap;
      gap: 0.125rem 1.25rem; margin: 0 -1rem; padding: 0.5rem 1rem; list-style: none;
      background: var(--back); border-bottom: 1px solid var(--line); font-size: 0.9rem;
      max-height: 30vh; overflow-y: auto }
    .swatch { width: 36px; height: 10px; margin-right: 0.5rem; vertical-align: middle }
    .plots { display: grid; gap: 1rem;
      grid-template-columns: repeat(auto-fill, minmax(min(23rem, 100%), 1fr)) }
    figure { margin: 0; min-width: 0 }
    @media (min-width: 50rem) { .large { grid-column: span 2; max-width: 36rem } }
    figcaption { font-size: 0.9rem; font-weight: 600; text-align: center }
    figure svg { display: block; width: 100%; height: auto }
    .wide { overflow-x: auto; margin: 0.5rem 0 }
    table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums }
    th, td { padding: 0.3rem 0.6rem; border-bottom: 1px solid var(--line); text-align: right;
      vertical-align: top; white-space: nowrap }
    thead th { vertical-align: bottom; white-space: normal; overflow-wrap: normal;
      min-width: 5.5rem }
    th:first-child { text-align: left; font-weight: 500; position: sticky; left: 0;
      background: var(--back) }
    small { color: var(--soft) }
    summary { cursor: pointer; margin: 0.75rem 0 }
    .remark summary { margin: 0 }
    @media (max-width: 40rem) { th:first-child { max-width: 11rem; white-space: normal } }
    """
}
