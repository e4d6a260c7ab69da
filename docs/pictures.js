// Draws the Mermaid blocks of the guide with the copy of Mermaid that `cargo xtask book` puts beside this file, so the
// book needs no network. Without that copy the blocks stay text, which is readable too.
(() => {
    const blocks = [...document.querySelectorAll("code.language-mermaid")];
    if (blocks.length === 0) {
        return;
    }
    const page = document.documentElement;
    const isDark = () => ["coal", "navy", "ayu"].some((theme) => page.classList.contains(theme));
    const pictures = blocks.map((block) => ({ source: block.textContent, place: block.parentElement }));

    async function draw() {
        mermaid.initialize({ startOnLoad: false, theme: isDark() ? "dark" : "default" });
        for (const [number, picture] of pictures.entries()) {
            const rendered = mermaid.render(`picture${number}`, picture.source);
            const { svg } = await rendered.catch((error) => ({ svg: null, error: console.error(error) }));
            if (svg === null) {
                continue; // it stays text, and `cargo xtask book` fails
            }
            const drawn = document.createElement("div");
            drawn.className = "mermaid-picture";
            drawn.innerHTML = svg;
            picture.place.replaceWith(drawn);
            picture.place = drawn;
        }
    }

    const script = document.createElement("script");
    script.src = new URL("mermaid.min.js", document.currentScript.src);
    script.onload = async () => {
        await draw();
        let dark = isDark();
        new MutationObserver(() => {
            if (isDark() !== dark) {
                dark = isDark();
                draw();
            }
        }).observe(page, { attributeFilter: ["class"] });
    };
    document.head.append(script);
})();
