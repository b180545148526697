// Search in pages that are opened from a folder, without a server. A browser lets such a page
// start no worker and read no other file, but it may load scripts: the index stands in one
// (tools/build_site.py writes it), and this class does in the page what the worker would do.
// Only the theme of MkDocs asks for it.
(function () {
  "use strict";
  if (location.protocol !== "file:" || typeof base_url === "undefined") {
    return;
  }

  function load(name, then) {
    var script = document.createElement("script");
    script.src = base_url.replace(/\/$/, "") + "/search/" + name;
    script.onload = then;
    document.head.appendChild(script);
  }

  function PageWorker() {
    this.documents = {};
  }

  PageWorker.prototype.postMessage = function (message) {
    if (message.init && document.getElementById("mkdocs-search-query")) {
      load("lunr.js", load.bind(null, "search_index.js", this.begin.bind(this)));
    } else if (message.query) {
      this.onmessage({ data: { results: this.find(message.query) } });
    }
  };

  PageWorker.prototype.begin = function () {
    var data = window.searchIndex;
    var documents = this.documents;
    lunr.tokenizer.separator = new RegExp(data.config.separator);
    this.index = lunr(function () {
      this.field("title");
      this.field("text");
      this.ref("location");
      data.docs.forEach(function (page) {
        this.add(page);
        documents[page.location] = page;
      }, this);
    });
    this.onmessage({ data: { config: data.config } });
    this.onmessage({ data: { allowSearch: true } });
  };

  PageWorker.prototype.find = function (query) {
    return this.index.search(query).map(function (result) {
      var page = this.documents[result.ref];
      return { location: page.location, title: page.title, summary: page.text.substring(0, 200) };
    }, this);
  };

  window.Worker = PageWorker;
})();
