"""Domains of public mail services: a contact who uses one tells nothing of whose tenant a domain is."""

PUBLIC_MAIL_DOMAINS = frozenset(
    """
    126.com 163.com aim.com aol.com aol.de arcor.de att.net bellsouth.net bigpond.com bluewin.ch bol.com.br
    bt.com btinternet.com charter.net comcast.net cox.net duck.com earthlink.net email.com email.cz
    fastmail.com fastmail.fm foxmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net
    googlemail.com hanmail.net hey.com hotmail.be hotmail.co.uk hotmail.com hotmail.de hotmail.es hotmail.fr
    hotmail.it hotmail.nl hushmail.com icloud.com inbox.com inbox.lv interia.pl kpnmail.nl laposte.net
    libero.it list.ru live.be live.ca live.co.uk live.com live.com.au live.de live.dk live.fr live.it live.nl
    live.no live.se mac.com mail.com mail.de mail.ru mailbox.org me.com msn.com naver.com o2.pl onet.pl
    optonline.net orange.fr outlook.com outlook.com.br outlook.de outlook.es outlook.fr outlook.it
    planet.nl pm.me posteo.de proton.me protonmail.ch protonmail.com qq.com rambler.ru rediffmail.com
    rocketmail.com runbox.com sbcglobal.net seznam.cz sfr.fr shaw.ca sina.com skynet.be sky.com t-online.de
    telenet.be telia.com terra.com.br tiscali.it tuta.com tuta.io tutanota.com uol.com.br verizon.net
    virgilio.it virginmedia.com vodafone.it wanadoo.fr web.de wp.pl xs4all.nl yahoo.ca yahoo.co.in
    yahoo.co.jp yahoo.co.uk yahoo.com yahoo.com.au yahoo.com.br yahoo.de yahoo.es yahoo.fr yahoo.it
    yandex.com yandex.ru ymail.com zoho.com zohomail.com
    """.split()  # noqa: SIM905  # ninety quoted names are harder to read
)
