extension PageTemplate {
    static let signInSource = """
        {{<card}}
        {{$main}}
        <h1>{{{t.signInTitle}}}</h1>
        {{#destination}}<p class="lead">{{{before}}}<strong>{{{app}}}</strong>{{{after}}}</p>{{/destination}}
        {{^destination}}<p class="lead">{{{t.signInLead}}}</p>{{/destination}}
        {{#problem}}<p class="alert" role="alert" id="problem">{{{problem}}}</p>{{/problem}}
        {{#pause}}<p class="alert" role="alert" id="problem">{{{before}}}<time datetime="{{{moment}}}">{{{clock}}}</time>{{{after}}}</p>{{/pause}}
        {{#status}}<p class="status" role="status">{{{status}}}</p>{{/status}}
        <form method="post" action="/login">
        <input type="hidden" name="csrf" value="{{{csrf}}}">
        <input type="hidden" name="rd" value="{{{rd}}}">
        <input type="hidden" name="state" value="{{{state}}}">
        <input type="hidden" name="retry" value="{{{retry}}}">
        <label for="username">{{{t.userName}}}</label>
        <input id="username" name="username" type="text" value="{{{userName}}}" autocomplete="username" autocapitalize="none" spellcheck="false" dir="auto" required{{#invalid}} aria-invalid="true"{{/invalid}}{{#hasProblem}} aria-describedby="problem"{{/hasProblem}}{{^hasUserName}} autofocus{{/hasUserName}}>
        <label for="password">{{{t.password}}}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required{{#invalid}} aria-invalid="true"{{/invalid}}{{#hasProblem}} aria-describedby="problem"{{/hasProblem}}{{#hasUserName}} autofocus{{/hasUserName}}>
        <button type="submit" class="primary">{{{t.signInButton}}}</button>
        </form>
        {{/main}}
        {{/card}}
        """

    static let launcherSource = """
        {{<document}}
        {{$body}}
        <body class="wide">
        <a class="skip" href="#main">{{{t.skipToContent}}}</a>
        <header class="bar">
        <span class="brand"><img src="{{{icon}}}" alt="" width="32" height="32"><span>{{{product}}}</span></span>
        <form method="post" action="/logout">
        <span class="person"><span class="hint">{{{t.signedInAs}}}</span> <strong dir="auto">{{{person}}}</strong></span>
        <input type="hidden" name="csrf" value="{{{csrf}}}">
        <button type="submit" class="quiet">{{{t.signOut}}}</button>
        </form>
        </header>
        <main id="main" tabindex="-1">
        <h1>{{{t.launcherTitle}}}</h1>
        {{#groups}}
        <section aria-labelledby="{{{id}}}">
        <h2 id="{{{id}}}">{{{title}}}</h2>
        <ul class="tiles">
        {{#tiles}}
        <li><a class="tile" href="{{{url}}}"><span class="monogram hue{{{hue}}}" aria-hidden="true">{{{monogram}}}</span><span class="words"><span class="name" dir="auto">{{{name}}}</span><span class="host">{{{host}}}</span></span></a></li>
        {{/tiles}}
        </ul>
        </section>
        {{/groups}}
        {{^groups}}
        <section class="card empty">
        <h2>{{{t.launcherEmptyTitle}}}</h2>
        <p>{{{t.launcherEmpty}}}</p>
        </section>
        {{/groups}}
        </main>
        <footer><p>{{{t.help}}}</p></footer>
        </body>
        {{/body}}
        {{/document}}
        """

    static let signOutSource = """
        {{<card}}
        {{$main}}
        <h1>{{{t.signOutTitle}}}</h1>
        {{#problem}}<p class="alert" role="alert">{{{problem}}}</p>{{/problem}}
        <p class="lead">{{{t.signOutLead}}}</p>
        <form method="post" action="/logout">
        <input type="hidden" name="csrf" value="{{{csrf}}}">
        <button type="submit" class="primary">{{{t.signOutConfirm}}}</button>
        <a class="button" href="/">{{{t.signOutCancel}}}</a>
        </form>
        {{/main}}
        {{/card}}
        """

    static let appSignOutSource = """
        {{<card}}
        {{$main}}
        <h1>{{{heading}}}</h1>
        <p class="lead">{{{t.appSignOutLead}}}</p>
        <form method="post" action="/.gatehouse/sign-out">
        <button type="submit" name="scope" value="everywhere" class="primary">{{{t.appSignOutEverywhere}}}</button>
        <button type="submit" name="scope" value="here">{{{t.appSignOutHere}}}</button>
        <a class="button" href="{{{back}}}">{{{t.signOutCancel}}}</a>
        </form>
        {{/main}}
        {{/card}}
        """

    /// An error, a denial, an end: a heading, some sentences, a few links.
    static let noticeSource = """
        {{<card}}
        {{$main}}
        {{#app}}<p class="kicker" dir="auto">{{{app}}}</p>{{/app}}
        <h1>{{{heading}}}</h1>
        {{#sentences}}<p{{^first()}} class="lead"{{/first()}}>{{{.}}}</p>
        {{/sentences}}
        {{#links}}{{#first()}}<nav class="actions">{{/first()}}<a class="button{{#isPrimary}} primary{{/isPrimary}}" href="{{{url}}}">{{{label}}}</a>{{#last()}}</nav>{{/last()}}{{/links}}
        {{/main}}
        {{/card}}
        """
}
