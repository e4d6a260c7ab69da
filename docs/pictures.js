// Draws the Mermaid blocks of the guide. Without a network they stay what they are: a text that one can read.
(async () => {
    const blocks = document.querySelectorAll("code.language-mermaid");
    if (blocks.length === 0) {
        return;
    }
    const { default: mermaid } = await import("https://cdn.jsdelivr.net/npm/mermaid@11/dist/mermaid.esm.min.mjs");
    mermaid.initialize({ startOnLoad: false });
    for (const [number, block] of blocks.entries()) {
        const { svg } = await mermaid.render(`picture${number}`, block.textContent);
        const picture = document.createElement("div");
        picture.innerHTML = svg;
        block.parentElement.replaceWith(picture);
    }
})();
