/// The pages' look: system fonts, both colour schemes, no element wider than a telephone.
enum Stylesheet {
    /// Every pair of text and ground has a contrast of 4.5 or more, field borders 3 or more, in both schemes.
    static let palette = """
        :root{color-scheme:light dark;
        --ground:#eef2f6;--surface:#fff;--text:#18222d;--muted:#526070;--line:#d9e0e8;--field:#7a8898;
        --accent:#1d5c8f;--accent-strong:#164a75;--on-accent:#fff;--soft:#e7f0f8;
        --bad:#a3231d;--bad-soft:#fdf0ef;--good:#1c6b3f;--good-soft:#ebf6ef;
        --shadow:0 1px 2px rgb(24 34 45/.06),0 12px 32px -12px rgb(24 34 45/.18)}
        @media (prefers-color-scheme:dark){:root{
        --ground:#0f151b;--surface:#182029;--text:#e6ecf2;--muted:#a2b0be;--line:#2c3844;--field:#748494;
        --accent:#8cc4f2;--accent-strong:#b4dafa;--on-accent:#0c2033;--soft:#1f2f3f;
        --bad:#ffaba3;--bad-soft:#371d1d;--good:#8fdcae;--good-soft:#15301f;
        --shadow:0 1px 2px rgb(0 0 0/.4),0 12px 32px -12px rgb(0 0 0/.6)}}

        """

    static let elements = """
        *,::before,::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
        body{margin:0;min-height:100vh;background:var(--ground);color:var(--text);overflow-wrap:break-word;
        font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",sans-serif}
        h1,h2,p,ul{margin:0}
        h1{font-size:1.6rem;line-height:1.25;letter-spacing:-.015em;text-wrap:balance}
        code{font:.95em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
        a{color:var(--accent)}
        :focus-visible{outline:3px solid var(--accent);outline-offset:2px}
        main:focus{outline:none}
        .brand{display:flex;align-items:center;gap:.7rem;font-weight:650;font-size:1.1rem;letter-spacing:-.01em}
        .brand img{display:block}
        .single{display:flex;flex-direction:column;align-items:center;gap:1.5rem;padding:clamp(1.5rem,9vh,6rem) 1rem 2rem}
        .single .card{width:100%;max-width:26.5rem}
        .card{background:var(--surface);border:1px solid var(--line);border-radius:1rem;padding:2rem;box-shadow:var(--shadow)}
        .card>*+*{margin-top:1rem}
        .card>h1+p{margin-top:.4rem}
        .lead{color:var(--muted)}
        .lead strong{color:var(--text)}
        .kicker{color:var(--muted);font-weight:600;font-size:.9rem}
        .card>.kicker+h1{margin-top:.2rem}
        .alert,.status{padding:.75rem 1rem;border-radius:.6rem;border-inline-start:4px solid}
        .alert{background:var(--bad-soft);color:var(--bad);border-color:var(--bad)}
        .status{background:var(--good-soft);color:var(--good);border-color:var(--good)}
        .card form{display:flex;flex-direction:column;margin-top:1.5rem}
        label{font-weight:600;margin-bottom:.35rem}
        input:not([type=hidden]){font:inherit;color:inherit;background:var(--surface);width:100%;min-height:2.9rem;
        padding:.55rem .8rem;margin-bottom:1.15rem;border:1px solid var(--field);border-radius:.6rem}
        input:focus-visible{outline-offset:0;border-color:var(--accent)}
        input[aria-invalid]{border-color:var(--bad);border-width:2px}
        button,.button{font:inherit;font-weight:600;line-height:1.4;text-align:center;text-decoration:none;cursor:pointer;
        min-height:2.9rem;padding:.65rem 1.2rem;border-radius:.6rem;border:1px solid var(--field);
        background:transparent;color:var(--text)}
        button:hover,.button:hover{background:var(--soft);border-color:var(--accent)}
        .primary{background:var(--accent);border-color:var(--accent);color:var(--on-accent)}
        .primary:hover{background:var(--accent-strong);border-color:var(--accent-strong)}
        form>button+button,form>button+.button{margin-top:.7rem}
        .actions{display:flex;flex-wrap:wrap;gap:.7rem;padding-top:.5rem}
        .actions .button{flex:1 1 auto}
        footer{color:var(--muted);font-size:.9rem;text-align:center}
        .reference{margin-top:.25rem}
        @media (prefers-reduced-motion:no-preference){button,.button,.tile{transition:background-color .12s,border-color .12s,box-shadow .12s}}
        @media (max-width:26rem){.card{padding:1.5rem 1.15rem}}
        @media (forced-colors:active){.card,.tile{border-color:CanvasText}}

        """

    static let launcher = """
        .skip{position:absolute;inset-inline-start:1rem;top:-4rem;background:var(--surface);padding:.6rem 1rem;border-radius:.6rem;z-index:1}
        .skip:focus{top:.75rem}
        .bar{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.75rem 1.5rem;
        padding:.85rem clamp(1rem,4vw,2.5rem);background:var(--surface);border-bottom:1px solid var(--line)}
        .bar form{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;min-width:0}
        .hint{color:var(--muted)}
        .quiet{min-height:2.4rem;padding:.4rem 1rem}
        .wide{display:flex;flex-direction:column}
        .wide main{flex:1;width:100%;max-width:70rem;margin:0 auto;padding:clamp(1.5rem,5vw,3rem) clamp(1rem,4vw,2.5rem)}
        .wide h1{font-size:clamp(1.5rem,6vw,1.9rem)}
        .wide section{margin-top:2rem}
        h2{font-size:1rem;font-weight:650;color:var(--muted)}
        .empty{max-width:36rem}
        .empty h2{font-size:1.15rem;color:var(--text)}
        .empty p{color:var(--muted)}
        .tiles{list-style:none;padding:0;margin-top:.8rem;display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(min(16.5rem,100%),1fr))}
        .tile{display:flex;align-items:center;gap:1rem;height:100%;padding:1.1rem;border-radius:.9rem;text-decoration:none;color:inherit;
        background:var(--surface);border:1px solid var(--line)}
        .tile:hover{border-color:var(--accent);box-shadow:var(--shadow)}
        .monogram{flex:none;display:grid;place-items:center;width:3rem;height:3rem;border-radius:.8rem;font-weight:700;font-size:1.3rem;
        background:hsl(var(--hue) 65% 91%);color:hsl(var(--hue) 60% 27%)}
        .hue0{--hue:207}.hue1{--hue:160}.hue2{--hue:28}.hue3{--hue:268}.hue4{--hue:340}.hue5{--hue:186}
        @media (prefers-color-scheme:dark){.monogram{background:hsl(var(--hue) 32% 24%);color:hsl(var(--hue) 70% 84%)}}
        .words{display:flex;flex-direction:column;min-width:0}
        .name{font-weight:650;line-height:1.35}
        .host{color:var(--muted);font-size:.875rem;overflow-wrap:anywhere}
        .wide footer{padding:0 1rem 2rem}

        """
}
